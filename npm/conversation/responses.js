// Responses: at most one under way in the conversation, and an end for every request. The rules are
// those of src/conversation/responses in Rust, and tests/fixtures/conversation.json holds both to
// them.

import { errorKind, RequestError } from './errors.js';
import { outcomeOf } from './outcome.js';

/** Metadata key by which a response names its request. The service returns metadata unchanged. */
const MARK = 'client_request';
const MAX_METADATA = 16;
/**
 * Wait in milliseconds after a collision with a response that was not seen. It doubles each time.
 */
const FIRST_RETRY = 250;
const MAX_EXPIRED = 32;
/** Number of tools' outputs that are remembered by the ids of their calls. */
const MAX_OUTPUTS = 64;

/**
 * Arbiter of a conversation's responses: decides when each `response.create` is sent. It has no
 * clock.
 */
export class Responses {
  #limits;
  #prefix;
  /** Number of tickets and events made so far. */
  #made = 0;
  /** Requests that wait for their turn, in order. */
  #waiting = [];
  /** Requests that were sent and not begun. */
  #asked = [];
  /** Responses under way. */
  #active = [];
  #outgoing = [];
  #ends = [];
  /** Marks of requests that have timed out: their responses are not wanted any more. */
  #expired = [];
  /** Set after a collision with a response that was not seen. */
  #retryAt;
  /** Set once the server returned a request's metadata: then a response without is not ours. */
  #echoes = false;
  /** Number of responses that have begun. */
  #begunCount = 0;
  /** Calls whose outputs the server has, the newest of them. */
  #outputs = [];
  /** Set if the server responds to speech on its own. */
  #responds = true;
  /**
   * The user's turn: `started`, `stopped`, or `unanswered` if the server's own response to it comes
   * next.
   */
  #speech;
  #connected = true;

  constructor({ begin = 10_000, wait = 120_000, attempts = 8, eventIds = 'request_' } = {}) {
    this.#limits = { begin, wait, attempts };
    this.#prefix = eventIds;
  }

  /** Asks for a response of its own, in its turn, and returns its ticket. */
  request(now, event) {
    const request = this.#make(now, event, false);
    this.#waiting.push(request);
    this.#advance(now);
    return request.tickets[0];
  }

  /**
   * Asks for a reply to tools' outputs. Those that wait side by side become one response. One that
   * names its calls is answered by any response that knew their outputs, if it has to wait for one.
   */
  requestFollowUp(now, event, callIds = []) {
    const request = this.#make(now, event, true);
    request.unknown = callIds.filter((id) => !this.#outputs.includes(id));
    request.knownSince =
      callIds.length > 0 && request.unknown.length === 0 ? this.#begunCount : undefined;
    const [ticket] = request.tickets;
    this.#waiting.push(request);
    this.#mergeFollowUps();
    this.#advance(now);
    return ticket;
  }

  /** Cancels the response under way, or the request for it. Returns false if there is none. */
  cancel(now) {
    const inside = ({ aside }) => !aside;
    return this.#cancelOne(now, this.#active.find(inside), this.#asked.find(inside));
  }

  /** Cancels the response that answers a request, or withdraws the request. */
  cancelRequest(now, ticket) {
    const has = (request) => request?.tickets.includes(ticket) ?? false;
    const [request] = take(this.#waiting, has, 1);
    if (request) {
      this.#endRequest(request, new RequestError('withdrawn'));
      this.#advance(now);
      return true;
    }
    return this.#cancelOne(
      now,
      this.#active.find((one) => has(one.request)),
      this.#asked.find(has),
    );
  }

  /** Returns the next event to send. */
  poll() {
    return this.#outgoing.shift();
  }

  /** Returns the next response or request that has ended. */
  pollEnd() {
    return this.#ends.shift();
  }

  /** The id of the conversation's response under way, whoever asked for it. */
  get active() {
    return this.#active.find(({ aside }) => !aside)?.id;
  }

  /** True if no response is under way and none is asked for. */
  get isIdle() {
    return this.#active.length + this.#asked.length + this.#waiting.length === 0;
  }

  /** Returns the id of the response under way that answers a request. */
  responseOf(ticket) {
    return this.#active.find(({ request }) => request?.tickets.includes(ticket))?.id;
  }

  /** Returns true for a response under way that was asked for beside the conversation. */
  isAside(id) {
    return this.#active.find((one) => one.id === id)?.aside ?? false;
  }

  /** Takes an event of the server. */
  received(now, event) {
    switch (event.type) {
      case 'response.created':
        this.#begun(now, event.response ?? {});
        break;
      case 'response.done':
        this.#done(event.response ?? {});
        break;
      case 'error':
        this.#refused(now, event.error ?? {});
        break;
      case 'input_audio_buffer.speech_started':
        this.#speech = 'started';
        break;
      case 'input_audio_buffer.speech_stopped':
      case 'input_audio_buffer.timeout_triggered':
        this.#speech = 'stopped';
        break;
      case 'input_audio_buffer.committed':
        this.#committed();
        break;
      case 'input_audio_buffer.cleared':
        this.#speech = undefined;
        break;
      case 'session.created':
      case 'session.updated':
        this.#configured(event.session ?? {});
        return;
      case 'conversation.item.added':
      case 'conversation.item.created':
      case 'response.output_item.done':
        this.#itemAdded(event.item ?? {});
        return;
      default:
        return;
    }
    this.#advance(now);
  }

  /** The time of the next `tick`, in milliseconds. */
  get wakeAt() {
    if (!this.#connected) {
      return undefined;
    }
    const { begin, wait } = this.#limits;
    const times = [
      ...this.#waiting.map(({ since }) => since + wait),
      ...this.#asked.map(({ since }) => since + begin),
      ...this.#active.filter((one) => one.cancelled).map((one) => one.cancelled.at + begin),
    ];
    if (this.#retryAt !== undefined) {
      times.push(this.#retryAt);
    }
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** Tells the time: requests that waited too long end with an error. */
  tick(now) {
    if (!this.#connected) {
      return;
    }
    const { begin, wait } = this.#limits;
    const waiting = take(this.#waiting, ({ since }) => since + wait <= now);
    const asked = take(this.#asked, ({ since }) => since + begin <= now);
    for (const request of [...waiting, ...asked]) {
      this.#expired = [...this.#expired, request.mark].slice(-MAX_EXPIRED);
      this.#endRequest(request, new RequestError('timed_out'));
    }
    // A response whose end is never told would hold up all others.
    for (const stuck of take(
      this.#active,
      ({ cancelled }) => cancelled && cancelled.at + begin <= now,
    )) {
      this.#endActive(stuck, { error: new RequestError('timed_out') });
    }
    if (this.#retryAt <= now) {
      this.#retryAt = undefined;
    }
    this.#advance(now);
  }

  /** Tells that the connection broke. Requests that were not begun wait for `connected`. */
  connectionLost() {
    this.#connected = false;
    this.#speech = undefined;
    this.#retryAt = undefined;
    this.#outgoing = [];
    for (const response of this.#active.splice(0)) {
      this.#endActive(response, { error: new RequestError('connection_lost') });
    }
    for (const request of this.#asked.splice(0).reverse()) {
      if (request.cancelled) {
        this.#endRequest(request, new RequestError('withdrawn'));
      } else {
        this.#waiting.unshift(request);
      }
    }
    this.#mergeFollowUps();
  }

  /**
   * Tells that there is a connection again. Waiting requests are sent, and their time starts again.
   */
  connected(now) {
    this.#connected = true;
    for (const request of this.#waiting) {
      request.since = now;
    }
    this.#advance(now);
  }

  /** Ends everything: the session is closed. */
  close() {
    this.#connected = false;
    this.#outgoing = [];
    for (const response of this.#active.splice(0)) {
      this.#endActive(response, { error: new RequestError('closed') });
    }
    for (const request of [...this.#asked.splice(0), ...this.#waiting.splice(0)]) {
      this.#endRequest(request, new RequestError('closed'));
    }
  }

  #make(now, event = {}, followUp) {
    this.#made += 1;
    const event_id = event.event_id ?? `${this.#prefix}${this.#made}`;
    const metadata = { ...event.response?.metadata };
    if (Object.keys(metadata).length < MAX_METADATA) {
      metadata[MARK] ??= event_id;
    }
    return {
      tickets: [this.#made],
      event: {
        ...event,
        type: 'response.create',
        event_id,
        response: { ...event.response, metadata },
      },
      mark: metadata[MARK],
      followUp,
      /** Calls whose outputs the server has not added to the conversation. */
      unknown: [],
      /**
       * Number of the responses that had begun when the server knew all outputs that this follow-up
       * is about.
       */
      knownSince: undefined,
      aside: event.response?.conversation === 'none',
      cancelled: false,
      attempts: 0,
      since: now,
    };
  }

  /** Sends the requests whose turn it is. */
  #advance(now) {
    while (this.#connected) {
      const busy =
        this.#retryAt !== undefined ||
        [...this.#active, ...this.#asked].some(({ aside }) => !aside);
      // The model must not begin to talk over the user because a tool has come back.
      const mayGo = ({ aside, followUp }) =>
        aside || !(busy || (this.#speech === 'started' && followUp));
      const [request] = take(this.#waiting, mayGo, 1);
      if (!request) {
        return;
      }
      request.since = now;
      request.attempts += 1;
      this.#outgoing.push(request.event);
      this.#asked.push(request);
    }
  }

  #mergeFollowUps() {
    const merged = [];
    for (const request of this.#waiting) {
      const last = merged.at(-1);
      if (last?.followUp && request.followUp) {
        // One response answers both. The later parameters count.
        const tickets = [...last.tickets, ...request.tickets];
        const attempts = Math.max(last.attempts, request.attempts);
        const unknown = [...last.unknown, ...request.unknown];
        const isKnown = last.knownSince !== undefined && request.knownSince !== undefined;
        const knownSince = isKnown ? Math.max(last.knownSince, request.knownSince) : undefined;
        Object.assign(last, {
          tickets,
          attempts,
          unknown,
          knownSince,
          event: request.event,
          mark: request.mark,
        });
      } else {
        merged.push(request);
      }
    }
    this.#waiting = merged;
  }

  #begun(now, response) {
    this.#begunCount += 1;
    const active = this.#adopt(response, this.#begunCount);
    // The caller was told that no response comes.
    const expired = this.#expired.includes(response.metadata?.[MARK] ?? null);
    if (active.request?.cancelled || (!active.request && expired)) {
      this.#sendCancel(now, active);
    }
  }

  /**
   * Returns the record of a response; a new one is ours if its metadata says so, else the server's
   * own.
   */
  #adopt({ id, metadata, status }, number) {
    const known = this.#active.find((one) => one.id === id);
    if (known) {
      return known;
    }
    const mark = metadata?.[MARK];
    let request = mark === undefined ? undefined : this.#takeMarked(mark);
    const certain = request !== undefined;
    if (certain) {
      this.#echoes = true;
    } else if (
      !this.#echoes &&
      mark === undefined &&
      (number > 0 || status === 'failed') &&
      this.#speech !== 'unanswered'
    ) {
      // A server that does not return metadata begins the one that it was asked for, unless it owes
      // one to the user's speech. If it was another, the refusal of ours follows, and tells. One
      // that completed without a beginning began before this was asked for.
      [request] = take(this.#asked, ({ aside }) => !aside, 1);
    }
    const aside = request?.aside ?? false;
    if (!aside && this.#speech === 'unanswered') {
      this.#speech = undefined;
    }
    const active = { id, number, request, certain, aside, cancelled: undefined };
    this.#active.push(active);
    return active;
  }

  /** Finds the request that a response names, wherever it is. */
  #takeMarked(mark) {
    const marked = (request) => request?.mark === mark;
    // If it is not asked for, it was taken for refused, or for the request of another response.
    const found = take(this.#asked, marked, 1)[0] ?? take(this.#waiting, marked, 1)[0];
    if (found) {
      return found;
    }
    const mistaken = this.#active.find((one) => marked(one.request));
    const theirs = mistaken?.request;
    if (mistaken) {
      mistaken.request = undefined;
    }
    return theirs;
  }

  #done(response) {
    // Some ends are told without a beginning. What such a response knew is unknown.
    const active = this.#adopt(response, 0);
    this.#retryAt = undefined;
    take(this.#active, (one) => one === active);
    const outcome = outcomeOf(response);
    const covered = this.#takeCovered(active, outcome);
    for (const request of [active.request, ...covered]) {
      this.#endActive({ id: active.id, request }, { response, outcome });
    }
  }

  /**
   * Takes the follow-ups that a response has made needless: it knew the outputs that they are
   * about. One that the user talked over, or that failed, has not told them.
   */
  #takeCovered({ number, request, aside }, { status, by }) {
    const isTold = status === 'cancelled' ? by === 'client' : status !== 'failed';
    if (!isTold || aside || !(request === undefined || isPlain(request))) {
      return [];
    }
    return take(this.#waiting, ({ knownSince }) => knownSince !== undefined && number > knownSince);
  }

  #itemAdded({ type, id, call_id, output, error }) {
    if (type === 'function_call_output') {
      this.#outputAdded(call_id);
    } else if (type === 'mcp_call' && (output ?? error ?? null) !== null) {
      // The service has run it itself.
      this.#outputAdded(id);
    }
  }

  /**
   * Notes that an output is part of the conversation: each response that begins from now on knows
   * it.
   */
  #outputAdded(callId) {
    this.#outputs = [...this.#outputs, callId].slice(-MAX_OUTPUTS);
    for (const request of [...this.#waiting, ...this.#asked].filter(({ unknown }) =>
      unknown.includes(callId),
    )) {
      request.unknown = request.unknown.filter((id) => id !== callId);
      request.knownSince = request.unknown.length === 0 ? this.#begunCount : undefined;
    }
  }

  /**
   * Notes that the server has made an item of what the user said. If it responds on its own, its
   * next response answers that; but not if the client asked for the commit, or if a response goes
   * on.
   */
  #committed() {
    const isDetected = this.#speech === 'started' || this.#speech === 'stopped';
    const isOwed = isDetected && this.#responds && this.active === undefined;
    this.#speech = isOwed ? 'unanswered' : undefined;
  }

  /** Learns from the server's session whether it responds on its own. */
  #configured({ type, audio }) {
    if (type !== 'transcription' && audio?.input) {
      const detection = audio.input.turn_detection;
      this.#responds = Boolean(detection) && detection.create_response !== false;
    }
  }

  /** Finds the request that an error is about, by its event id, or else by its code. */
  #refused(now, error) {
    if (errorKind(error) === 'deferred') {
      this.#collided(now, error.event_id ?? undefined);
    } else if (error.code === 'response_cancel_not_active') {
      // Without the id, it may be about an earlier cancellation: the bound sees to the rest.
      const stale = ({ cancelled }) => cancelled && cancelled.eventId === error.event_id;
      for (const response of take(this.#active, stale)) {
        this.#endActive(response, { error: new RequestError('refused', error) });
      }
    } else {
      const named = typeof error.event_id === 'string';
      const about = ({ event, aside }) =>
        named ? event.event_id === error.event_id : !aside && speaksOfCreate(error);
      for (const request of take(this.#asked, about, 1)) {
        this.#endRequest(request, new RequestError('refused', error));
      }
    }
  }

  /** Another response is under way: the request waits for its end, at the head of the queue. */
  #collided(now, eventId) {
    const named = ({ event }) => event.event_id === eventId;
    let request = take(this.#asked, named, 1)[0] ?? take(this.#asked, ({ aside }) => !aside, 1)[0];
    if (!request) {
      // The response that we took for its answer is the server's own.
      const takenFor = this.#active.find((one) => !one.certain && one.request);
      if (!takenFor) {
        return;
      }
      request = takenFor.request;
      takenFor.request = undefined;
    }
    if (request.cancelled) {
      this.#endRequest(request, new RequestError('withdrawn'));
    } else if (request.attempts >= this.#limits.attempts) {
      this.#endRequest(request, new RequestError('busy'));
    } else {
      if (this.active === undefined) {
        this.#retryAt = now + FIRST_RETRY * 2 ** (Math.min(request.attempts, 5) - 1);
      }
      request.since = now;
      this.#waiting.unshift(request);
      this.#mergeFollowUps();
    }
  }

  #cancelOne(now, active, asked) {
    if (active) {
      this.#sendCancel(now, active);
    } else if (asked) {
      // Its id is not known yet, and a cancellation without one could hit another response.
      asked.cancelled = true;
    }
    return Boolean(active ?? asked);
  }

  #sendCancel(now, active) {
    if (!active.cancelled) {
      this.#made += 1;
      active.cancelled = { at: now, eventId: `cancel_${this.#made}` };
      this.#outgoing.push({
        type: 'response.cancel',
        event_id: active.cancelled.eventId,
        response_id: active.id,
      });
    }
  }

  #endRequest(request, error) {
    for (const ticket of request.tickets) {
      this.#ends.push({ ticket, error });
    }
  }

  #endActive({ id, request }, result) {
    for (const ticket of request?.tickets ?? [undefined]) {
      this.#ends.push({ ticket, response_id: id, ...result });
    }
  }
}

/** Removes and returns elements that fulfil a condition, in order, at most `count` of them. */
function take(list, fulfils, count = Infinity) {
  const taken = [];
  for (let at = 0; at < list.length && taken.length < count;) {
    if (fulfils(list[at])) {
      taken.push(...list.splice(at, 1));
    } else {
      at += 1;
    }
  }
  return taken;
}

/** Returns true if a request leaves input, instructions and tools as the session has them. */
function isPlain({ event, followUp }) {
  const { input, instructions, tool_choice } = event.response;
  return (
    input === undefined && instructions === undefined && (tool_choice === undefined || followUp)
  );
}

/** Returns true if an error that names no event is about a `response.create`. */
function speaksOfCreate({ param, code, message }) {
  return (
    param === 'response' ||
    param?.startsWith('response.') ||
    code?.includes('response_create') ||
    message?.includes('response.create')
  );
}
