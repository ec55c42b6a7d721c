// Events of the client that the server acknowledges. The rules are those of
// src/conversation/requests.rs.

import { RequestError } from './errors.js';

/** Longest time in milliseconds that a request waits for its answer. */
const LONGEST = 10_000;
/** Number of unanswered events that are followed. */
const MAX_UNANSWERED = 256;

/** The acknowledgement of each event, and the member that tells those of a kind apart. */
const ACKNOWLEDGED = {
  'session.update': ['session.updated'],
  'input_audio_buffer.commit': ['input_audio_buffer.committed'],
  'input_audio_buffer.clear': ['input_audio_buffer.cleared'],
  'conversation.item.create': ['conversation.item.added', ({ item }) => item.id],
  'conversation.item.delete': ['conversation.item.deleted', ({ item_id }) => item_id],
  'conversation.item.retrieve': ['conversation.item.retrieved', ({ item_id }) => item_id],
  'conversation.item.truncate': ['conversation.item.truncated', ({ item_id }) => item_id],
};

/**
 * The sent events that the server has not acknowledged. It handles events in order, so an
 * acknowledgement that names no item belongs to the oldest event of its kind. Events that nobody
 * waits for are therefore followed, too.
 */
export class Unanswered {
  #prefix;
  #made = 0;
  #events = [];

  /** Makes ids that begin with the prefix. */
  constructor(prefix) {
    this.#prefix = prefix;
  }

  /**
   * Follows an event, and returns it as it is to be sent: with an id if it needs one. `answer` is
   * who waits for it.
   */
  follow(now, event, answer) {
    const [acknowledgement, itemOf] = ACKNOWLEDGED[event.type] ?? [];
    // Those with an item are told apart by it, so without an answer they need not be followed.
    if (!acknowledgement || (itemOf && !answer)) {
      answer?.reject(new TypeError(`the server does not acknowledge ${event.type}`));
      return event;
    }
    const sent = { ...event, event_id: event.event_id ?? this.#newId() };
    if (event.type === 'conversation.item.create') {
      sent.item = { ...event.item, id: event.item.id ?? this.#newId() };
    }
    const { type, event_id } = sent;
    this.#events.push({
      type,
      event_id,
      acknowledgement,
      item: itemOf?.(sent),
      since: now,
      answer,
    });
    // A server that acknowledges nothing must not make the record grow.
    this.#events = this.#events.slice(-MAX_UNANSWERED);
    return sent;
  }

  /** Takes an event of the server: an acknowledgement or a refusal. */
  received(event) {
    if (this.#events.length === 0) {
      return;
    }
    if (event.type === 'error') {
      this.#refused(event.error ?? {});
      return;
    }
    const type =
      event.type === 'conversation.item.created' ? 'conversation.item.added' : event.type;
    const id = event.item_id ?? event.item?.id;
    const isIt = ({ acknowledgement, item }) =>
      acknowledgement === type && (item === undefined || item === id);
    this.#take(isIt)?.answer?.resolve({ ...event, type });
  }

  /** The time at which the next request has waited too long. */
  get wakeAt() {
    const waiting = this.#events.filter(({ answer }) => answer).map(({ since }) => since + LONGEST);
    return waiting.length > 0 ? Math.min(...waiting) : undefined;
  }

  /** Tells the time. Late answers may still come, so their events are followed on. */
  tick(now) {
    for (const event of this.#events.filter(({ since }) => since + LONGEST <= now)) {
      event.answer?.reject(new RequestError('timed_out'));
      event.answer = undefined;
    }
  }

  /**
   * Tells that the connection broke: only the events that are still to be sent will be answered.
   */
  connectionLost(toBeSent) {
    const lost = this.#events.filter(({ event_id }) => !toBeSent.includes(event_id));
    this.#events = this.#events.filter((event) => !lost.includes(event));
    lost.forEach(({ answer }) => answer?.reject(new RequestError('connection_lost')));
  }

  /**
   * Tells that there is a connection. Requests wait from now on, behind the update that restores
   * the session.
   */
  connected(now, update) {
    const kept = this.#events.splice(0);
    const sent = update && [this.follow(now, update)];
    this.#events.push(...kept.map((event) => ({ ...event, since: now })));
    return sent ?? [];
  }

  /** Ends everything: the session is closed. */
  close() {
    this.#events.splice(0).forEach(({ answer }) => answer?.reject(new RequestError('closed')));
  }

  /**
   * An error names the event that it is about, but not always: without that, the field at fault
   * says what was refused.
   */
  #refused(error) {
    // The server truncates as far as it can, and says so by the usual event.
    if (error.message?.includes('is already shorter than')) {
      return;
    }
    const named = typeof error.event_id === 'string';
    const about = ({ event_id, type }) =>
      named ? event_id === error.event_id : isAtFault(type, error);
    this.#take(about)?.answer?.reject(new RequestError('refused', error));
  }

  #take(fits) {
    const at = this.#events.findIndex(fits);
    return at < 0 ? undefined : this.#events.splice(at, 1)[0];
  }

  #newId() {
    this.#made += 1;
    return `${this.#prefix}${this.#made}`;
  }
}

function isAtFault(type, { param, code }) {
  switch (type) {
    case 'session.update':
      return param?.startsWith('session') ?? false;
    case 'conversation.item.create':
      return param?.startsWith('item') ?? false;
    case 'input_audio_buffer.commit':
      return code === 'input_audio_buffer_commit_empty';
    default:
      return false;
  }
}
