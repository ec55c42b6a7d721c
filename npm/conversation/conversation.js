// A conversation with the model: the pieces, wired to a session that can `send` and `on`.

import { Emitter } from '../../src/browser/js/emitter.js';
import { fromBase64, toBase64 } from './audio.js';
import { ToolCalls } from './calls.js';
import { errorKind, RequestError } from './errors.js';
import { History } from './history.js';
import { outcomeOf, textOf } from './outcome.js';
import { Playback } from './playback.js';
import { Unanswered } from './requests.js';
import { Responses } from './responses.js';
import { ToolRuns } from './tools.js';
import { Turns } from './turns.js';
import { Usage } from './usage.js';

const OPEN = 1;

/** Events about responses or audio of a connection, which mean nothing on the next one. */
const OF_THE_CONNECTION = ['response.create', 'response.cancel', 'conversation.item.truncate'];

/** Longest time that a timer takes, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

let made = 0;

/**
 * A conversation over a session: `OpenAIRealtimeWebSocket`, the official SDK's classes, or anything
 * like them.
 */
export class Conversation extends Emitter {
  #rt;
  #responses;
  #history;
  #calls;
  #runs;
  #turns = new Turns();
  #usage;
  #playback;
  /** The session's configuration so far, to be sent again after a reconnect. */
  #session;
  #restore;
  /** Events that wait for the connection. */
  #outgoing = [];
  /** Events that the server is to acknowledge. */
  #unanswered;
  /** Those who wait for a response's end, by ticket. */
  #waiting = new Map();
  #isOpen = false;
  #isReconnecting = false;
  #isClosed = false;
  #timer;
  /** Response that the application interrupted: what still arrives of it is not played. */
  #interrupted;
  /** Depth of calls into the pieces: what they have to say goes out at the end of the outermost. */
  #depth = 0;

  constructor(rt, options = {}) {
    super();
    const {
      session,
      tools = [],
      playback,
      history,
      usage,
      restore = true,
      maxSteps,
      limits,
    } = options;
    this.#rt = rt;
    made += 1;
    // Several clients may be attached to one session, so the names must differ.
    const name = `${made}${Math.random().toString(36).slice(2, 8)}_`;
    this.#responses = new Responses({ eventIds: `request_${name}`, ...limits });
    this.#unanswered = new Unanswered(`ask_${name}`);
    this.#history = history instanceof History ? history : new History(history);
    this.#usage = usage instanceof Usage ? usage : new Usage(usage);
    this.#calls = new ToolCalls(maxSteps);
    const { toolTimeout: timeout, toolConcurrency: concurrency, approve } = options;
    this.#runs = new ToolRuns(tools, { timeout, concurrency, approve }, (call, result) =>
      this.#ran(call, result),
    );
    this.#playback = playback === true ? new Playback() : playback || undefined;
    this.#restore = restore;
    const definitions = this.#runs.definitions;
    const given = definitions.length > 0 ? { tools: definitions, ...session } : session;
    this.#session = given && { type: 'realtime', ...given };
    this.#listen();
    this.#act((time) => {
      if (this.#session) {
        this.#queue(time, { type: 'session.update', session: this.#session });
      }
      if (history) {
        this.#outgoing.push(...this.#history.seed());
      }
    });
  }

  /** The session. */
  get rt() {
    return this.#rt;
  }

  /**
   * The entries of the history, in the server's order. A change replaces the array, and the entries
   * that changed.
   */
  get history() {
    return this.#history.entries;
  }

  /** The tokens that the conversation used. */
  get usage() {
    return this.#usage;
  }

  get turns() {
    return this.#turns;
  }

  get playback() {
    return this.#playback;
  }

  /** The id of the response under way. */
  get activeResponse() {
    return this.#responses.active;
  }

  get isClosed() {
    return this.#isClosed;
  }

  /**
   * Returns what is to be kept of the conversation: pass its members as options to go on with it.
   */
  toJSON() {
    return { history: this.#history, usage: this.#usage };
  }

  /** Says something as the user, in text, and asks for a response. It waits for its turn. */
  say(text) {
    const content = [{ type: 'input_text', text }];
    this.send({
      type: 'conversation.item.create',
      item: { type: 'message', role: 'user', content },
    });
    return this.respond();
  }

  /**
   * Asks for a response, in its turn, and returns the promise of its end. It need not be awaited.
   */
  respond(response) {
    let ticket;
    const answer = new Promise((resolve, reject) => {
      this.#act((time) => {
        ticket = this.#responses.request(time, response && { type: 'response.create', response });
        this.#waiting.set(ticket, { resolve, reject });
      });
      if (this.#isClosed) {
        this.#waiting.delete(ticket);
        reject(new RequestError('closed'));
      }
    });
    // A promise that nobody awaits is no unhandled rejection.
    answer.catch(() => {});
    answer.cancel = () => this.#act((time) => this.#responses.cancelRequest(time, ticket));
    return answer;
  }

  /** Sends any other event. A `response.create` waits for its turn. */
  send(event) {
    this.#act((time) => {
      if (event.type === 'response.create') {
        this.#responses.request(time, event);
      } else {
        this.#queue(time, event);
      }
    });
  }

  /**
   * Sends an event that the server acknowledges, and returns the promise of the acknowledgement.
   */
  request(event) {
    const answer = new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new RequestError('closed'));
      } else {
        this.#act((time) => this.#queue(time, event, { resolve, reject }));
      }
    });
    // A promise that nobody awaits is no unhandled rejection.
    answer.catch(() => {});
    return answer;
  }

  /**
   * Adds audio in the session's input format to the input buffer. Returns false if it was dropped:
   * in an outage, or for a microphone, which must not fall behind, if more than `longest`
   * milliseconds wait to be sent.
   */
  sendAudio(audio, { longest = Infinity, commit = false } = {}) {
    const base64 = typeof audio === 'string' ? audio : toBase64(audio);
    // 24,000 samples a second in base64 are 64 letters a millisecond.
    const isLate = !this.#isOpen
      ? longest < Infinity
      : this.#rt.socket?.bufferedAmount > longest * 64;
    const isSent = !(isLate || this.#isReconnecting || this.#isClosed);
    if (isSent) {
      this.#act(() => this.#outgoing.push({ type: 'input_audio_buffer.append', audio: base64 }));
    }
    if (commit) {
      this.send({ type: 'input_audio_buffer.commit' });
    }
    return isSent;
  }

  /** Cancels the response under way. */
  cancel() {
    return this.#act((time) => this.#responses.cancel(time));
  }

  /**
   * Interrupts the model, as for a button: cancels the response under way, and tells the server how
   * much was heard.
   */
  interrupt() {
    this.#act((time) => {
      const active = this.#responses.active;
      const interruption = this.#playback?.interrupt() ?? { events: [], heard: [] };
      const isCancelled = this.#responses.cancel(time);
      this.#interrupted = active ?? this.#interrupted;
      if (isCancelled || interruption.heard.length > 0) {
        this.#tellInterruption(interruption);
      }
    });
  }

  /** Tells how much of a content part was played, in milliseconds. */
  playedMs(itemId, contentIndex, ms) {
    this.#playback?.playedMs(itemId, contentIndex, ms);
  }

  /** Tells how many samples of the stream of all audio were played. */
  playedSamples(position) {
    this.#playback?.playedSamples(position);
  }

  /** Tells that a telephone line has played everything up to a mark. */
  playedMark(name) {
    return this.#playback?.playedMark(name) ?? false;
  }

  /** Closes the session. */
  close() {
    this.#rt.close?.();
    // A server that does not close its side holds up nobody.
    this.#end(1000, 'OK');
  }

  #listen() {
    const rt = this.#rt;
    rt.on('event', (event) => this.#received(event));
    rt.on('error', (error) => {
      // Collisions are dealt with, and the harmless ones need nothing.
      if (!error?.error || !['harmless', 'deferred'].includes(errorKind(error.error))) {
        this.#fail(error);
      }
    });
    rt.on('reconnecting', (next) => this.#reconnecting(next));
    rt.on('reconnected', () => this.#reconnected());
    rt.on('close', (code, reason) => this.#end(code, reason));
    this.#watch(rt.socket);
  }

  /** Watches a socket, which a reconnect replaces. */
  #watch(socket) {
    if (!socket?.addEventListener || socket.readyState === OPEN) {
      this.#isOpen = true;
    }
    socket?.addEventListener?.('open', () => socket === this.#rt.socket && this.#opened());
    socket?.addEventListener?.('close', ({ code, reason }) => {
      // The session's own listener runs first, and says whether it reconnects.
      if (socket === this.#rt.socket && !this.#isReconnecting) {
        this.#end(code, reason);
      }
    });
  }

  #opened() {
    if (!this.#isReconnecting && !this.#isOpen) {
      this.#isOpen = true;
      this.#act((time) => this.#unanswered.connected(time));
    }
  }

  /** Queues an event, and follows it if the server acknowledges it. */
  #queue(time, event, answer) {
    if (event.type === 'session.update') {
      this.#session = merged(this.#session, event.session);
    }
    this.#outgoing.push(this.#unanswered.follow(time, event, answer));
  }

  /** Does something with the pieces, then sends and tells what they have to say. */
  #act(action) {
    this.#depth += 1;
    try {
      return action(now());
    } finally {
      this.#depth -= 1;
      if (this.#depth === 0) {
        this.#pump();
      }
    }
  }

  #pump() {
    let followUp;
    while ((followUp = this.#calls.pollFollowUp())) {
      this.#responses.requestFollowUp(now(), followUp.event, followUp.callIds);
    }
    this.#queueRequests();
    while (this.#isOpen && !this.#isClosed && this.#outgoing.length > 0) {
      this.#rt.send(this.#outgoing.shift());
    }
    let end;
    while ((end = this.#responses.pollEnd())) {
      this.#tellEnd(end);
    }
    this.#setTimer();
  }

  #queueRequests() {
    let event;
    while ((event = this.#responses.poll())) {
      this.#outgoing.push(event);
    }
  }

  #tellEnd({ ticket, ...end }) {
    const text = end.response && textOf(end.response);
    const told = { ...end, ...(text !== undefined && { text }) };
    const waiting = this.#waiting.get(ticket);
    this.#waiting.delete(ticket);
    if (end.error) {
      waiting?.reject(end.error);
    } else {
      waiting?.resolve(told);
    }
    this.#tell('response', told);
  }

  #setTimer() {
    clearTimeout(this.#timer);
    // In an outage nothing is late.
    const isWaiting = !this.#isClosed && !this.#isReconnecting;
    const times = isWaiting ? [this.#responses.wakeAt, this.#unanswered.wakeAt] : [];
    const at = Math.min(...times.filter((time) => time !== undefined));
    if (at < Infinity) {
      const wait = Math.min(Math.max(0, Math.ceil(at - now())), LONGEST);
      const tick = (time) => {
        this.#responses.tick(time);
        this.#unanswered.tick(time);
      };
      this.#timer = setTimeout(() => this.#act(tick), wait);
      // The connection keeps a process alive, not what waits for it.
      this.#timer.unref?.();
    }
  }

  /** Lets the pieces see an event of the server, and tells of it. */
  #received(event) {
    if (this.#isClosed) {
      return;
    }
    this.#opened();
    this.#act((time) => {
      const aside = this.#responses.isAside(event.response_id ?? event.response?.id);
      this.#responses.received(time, event);
      this.#unanswered.received(event);
      // The calls of a response beside the conversation cannot be answered in it.
      const calls = aside ? [] : this.#calls.received(event);
      this.#usage.received(event);
      this.#trackPlayback(time, event);
      const change = this.#history.apply(event);
      const turn = this.#turns.received(time, event);
      this.#tell('event', event);
      for (const call of calls) {
        this.#tell('tool_start', call);
        this.#runs.add(call);
      }
      if (change) {
        this.#tellChange(change);
      }
      if (!this.#playback && isCutBySpeech(event)) {
        this.#tell('interrupted', { events: [], heard: [] });
      }
      if (turn) {
        this.#tell(turn.type, turn);
      }
      this.#tellPiece(event);
    });
  }

  #trackPlayback(time, event) {
    const interruption = this.#playback?.received(event);
    if (!interruption) {
      return;
    }
    if (event.type === 'response.done') {
      // The player fell silent before: this settles what arrived since.
      this.#outgoing.push(...interruption.events);
    } else {
      this.#tellInterruption(interruption);
    }
  }

  #tellInterruption({ events, heard }) {
    // The arbiter has cancelled what is under way, and knows that it has.
    this.#queueRequests();
    this.#outgoing.push(...events);
    this.#tell('interrupted', { events, heard });
  }

  #tellChange(change) {
    const entry = this.#history.entries[change.at];
    if (change.type === 'added') {
      this.#tell('history_added', entry);
    }
    this.#tell('history_updated', this.#history.entries, change);
  }

  /** Tells of the pieces of a reply, and of the user's transcripts. */
  #tellPiece(event) {
    switch (event.type) {
      case 'response.output_text.delta':
        this.#tell('text', event);
        break;
      case 'response.output_audio_transcript.delta':
        this.#tell('transcript', event);
        break;
      case 'response.output_audio.delta':
        this.#tellAudio(event);
        break;
      case 'conversation.item.input_audio_transcription.completed':
        this.#tell('user_transcript', event);
        break;
    }
  }

  #tellAudio(event) {
    const isInterrupted =
      event.response_id !== undefined && event.response_id === this.#interrupted;
    if (isInterrupted || this.#playback?.plays(event) === false || !this._hasListener('audio')) {
      return;
    }
    const data = fromBase64(event.delta).buffer;
    const position = this.#playback?.samples;
    this.#tell('audio', { ...event, data, ...(position !== undefined && { position }) });
  }

  #ran(call, result) {
    this.#act(() => {
      const event = this.#isClosed ? undefined : this.#calls.answer(call.call_id, result);
      if (event) {
        this.#outgoing.push(event);
        this.#tell('tool_end', call, result);
      }
    });
  }

  /** What was under way is over. What was to be sent about it would be refused by a new session. */
  #reconnecting(next) {
    this.#act(() => {
      if (!this.#isReconnecting) {
        this.#isReconnecting = true;
        this.#isOpen = false;
        this.#responses.connectionLost();
        this.#history.connectionLost();
        this.#turns.connectionLost();
        this.#outgoing = this.#outgoing.filter(({ type }) => !OF_THE_CONNECTION.includes(type));
        this.#unanswered.connectionLost(this.#outgoing.map(({ event_id }) => event_id));
      }
      this.#tell('reconnecting', next);
    });
  }

  #reconnected() {
    this.#act((time) => {
      this.#watch(this.#rt.socket);
      this.#isReconnecting = false;
      // What the session held back was sent by others than this conversation.
      const held = (this.#rt.takePending?.() ?? []).map(
        (one) => one.message ?? JSON.parse(one.data),
      );
      const seeded = this.#restoring(time);
      const ids = seeded.map(({ item }) => item?.id);
      for (const call of this.#calls.connectionLost(({ item_id }) => !ids.includes(item_id))) {
        this.#runs.stop(call.call_id);
        this.#tell('tool_lost', call);
      }
      const kept = held.filter(({ type }) => !OF_THE_CONNECTION.includes(type));
      this.#outgoing = [...seeded, ...kept, ...this.#outgoing];
      this.#playback?.reconnected();
      this.#responses.connected(time);
      this.#tell('reconnected');
    });
  }

  /** Returns the events that make the new session like the old one. */
  #restoring(time) {
    if (!this.#restore) {
      return this.#unanswered.connected(time);
    }
    const update = this.#unanswered.connected(
      time,
      this.#session && { type: 'session.update', session: this.#session },
    );
    const open = this.#calls.open.map(({ call_id }) => call_id);
    return [...update, ...this.#history.seed('root', open)];
  }

  /** The session has ended, and with it everything that waits. */
  #end(code, reason) {
    if (this.#isClosed) {
      return;
    }
    this.#isClosed = true;
    this.#act(() => {
      this.#responses.close();
      this.#unanswered.close();
      for (const call of this.#calls.connectionLost(() => true)) {
        this.#runs.stop(call.call_id);
        this.#tell('tool_lost', call);
      }
    });
    this.#tell('close', code, reason);
  }

  /**
   * Calls listeners. What one throws is reported by the runtime, and stops neither the others nor
   * the conversation.
   */
  #tell(name, ...values) {
    try {
      this._emit(name, ...values);
    } catch (error) {
      Promise.reject(error);
    }
  }

  #fail(error) {
    if (this._hasListener('error')) {
      this.#tell('error', error);
    } else {
      // The runtime reports an unhandled rejection, as with the session's own errors.
      Promise.reject(error);
    }
  }
}

function now() {
  return performance.now();
}

/** Returns true for the end of a response that the user's speech has interrupted. */
function isCutBySpeech({ type, response }) {
  return type === 'response.done' && outcomeOf(response ?? {}).by === 'speech';
}

/**
 * Merges an update into a configuration, as the service does: objects member by member, other
 * values as a whole.
 */
function merged(one, other) {
  const isRecord = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isRecord(one) || !isRecord(other)) {
    return other;
  }
  const entries = Object.entries(other).map(([key, value]) => [key, merged(one[key], value)]);
  return { ...one, ...Object.fromEntries(entries) };
}
