// History: the conversation's items in the server's order, with their text as it grows. The rules
// are those of src/conversation/history in Rust.

import { bytesPerSecond, decodedLength } from './audio.js';
import { HistoryEntry } from './entry.js';
import { seed } from './seed.js';

/** Largest number of transcripts that are kept for items that have not been announced. */
const MAX_EARLY = 32;

/** Record of a conversation. `apply` takes every event of the server, and returns the change. */
export class History {
  #entries;
  /** Transcripts of items that have not been announced, by item id. */
  #early = new Map();
  /**
   * Bytes of a second of output audio: the session's, and those of a response that has a format of
   * its own.
   */
  #bytesPerSecond = bytesPerSecond();
  #response;

  /** Returns an empty history, or a saved one: what `JSON.parse(JSON.stringify(history))` gives. */
  constructor(saved) {
    this.#entries = (saved?.entries ?? []).map(
      (entry) => new HistoryEntry({ ...entry, on_server: false }),
    );
  }

  /**
   * The entries, in the server's order. A change replaces the array and the entries that changed.
   */
  get entries() {
    return this.#entries;
  }

  toJSON() {
    return { entries: this.#entries };
  }

  /** Returns the entry of an item. */
  get(itemId) {
    return this.#entries[this.position(itemId)];
  }

  /** Returns the place of an item's entry, or -1. */
  position(itemId) {
    // Mostly it is one of the last.
    return this.#entries.findLastIndex(({ id }) => id !== undefined && id === itemId);
  }

  /** Takes an event of the server, and returns the change; undefined if nothing shows. */
  apply(event) {
    const { item_id: id, content_index: index = 0, response_id: response } = event;
    switch (event.type) {
      case 'response.output_text.delta':
        return this.#grow(id, (entry) =>
          entry.respondedBy(response).withText(index, 'text', append(event.delta)),
        );
      case 'response.output_audio_transcript.delta':
        return this.#grow(id, (entry) =>
          entry.respondedBy(response).withText(index, 'transcript', append(event.delta)),
        );
      case 'response.output_audio.delta':
        this.#update(id, (entry) => this.#hear(entry, event));
        return undefined;
      case 'response.function_call_arguments.delta':
      case 'response.mcp_call_arguments.delta':
        return this.#grow(id, (entry) => entry.withArguments(append(event.delta)));
      case 'response.function_call_arguments.done':
      case 'response.mcp_call_arguments.done':
        return this.#change(id, (entry) => entry.withArguments(become(event.arguments)));
      case 'response.output_text.done':
        return this.#change(id, (entry) => entry.withText(index, 'text', become(event.text)));
      case 'response.output_audio_transcript.done':
        return this.#change(id, (entry) =>
          entry.withText(index, 'transcript', become(event.transcript)),
        );
      case 'conversation.item.input_audio_transcription.delta':
        return this.#transcribed(event, (entry) =>
          this.#grow(id, () => entry.withText(index, 'transcript', append(event.delta))),
        );
      case 'conversation.item.input_audio_transcription.completed':
        return this.#transcribed(event, (entry) =>
          this.#change(id, () => entry.withText(index, 'transcript', become(event.transcript))),
        );
      case 'conversation.item.input_audio_transcription.failed':
        return this.#update(id, (entry) => entry.with({ transcription_failed: true }));
      case 'conversation.item.truncated':
        return this.#update(id, (entry) => entry.with({ truncated_ms: event.audio_end_ms }));
      case 'conversation.item.deleted':
        return this.#remove(id);
      default:
        return this.#applyItem(event);
    }
  }

  /** The events that announce items and end responses. */
  #applyItem(event) {
    switch (event.type) {
      case 'conversation.item.added':
      case 'conversation.item.created':
        return this.#place(event.previous_item_id, event.item, false);
      case 'conversation.item.done':
        return this.#place(event.previous_item_id, event.item, true);
      case 'conversation.item.retrieved':
        return this.#update(event.item?.id, (entry) => entry.learnt(event.item));
      case 'input_audio_buffer.committed': {
        const item = {
          type: 'message',
          id: event.item_id,
          role: 'user',
          content: [{ type: 'input_audio' }],
        };
        return this.#place(event.previous_item_id, item, true);
      }
      case 'response.output_item.done':
        return this.#update(event.item?.id, (entry) =>
          entry.respondedBy(event.response_id).learnt(event.item).settled(event.item),
        );
      case 'response.created': {
        const format = event.response?.audio?.output?.format;
        if (format) {
          this.#response = { id: event.response.id, bytesPerSecond: bytesPerSecond(format) };
        }
        return undefined;
      }
      case 'response.done':
        return this.#responseDone(event.response ?? {});
      case 'session.created':
      case 'session.updated': {
        const format = event.session?.audio?.output?.format;
        if (format) {
          this.#bytesPerSecond = bytesPerSecond(format);
        }
        return undefined;
      }
      default:
        return undefined;
    }
  }

  /**
   * Tells that the connection broke: items in progress stay incomplete, and none counts as on the
   * server.
   */
  connectionLost() {
    this.#entries = this.#entries.map((entry) =>
      entry.with({
        on_server: false,
        status: entry.status === 'in_progress' ? 'incomplete' : entry.status,
      }),
    );
  }

  /**
   * Returns the events that put the conversation into a new session, in text, behind an item or at
   * the top.
   */
  seed(behind = 'root', openCalls = []) {
    return seed(this.#entries, behind, openCalls);
  }

  #replace(at, entry) {
    this.#entries = this.#entries.with(at, entry);
  }

  /** Replaces an entry, and tells that it is different. */
  #update(id, update) {
    const at = this.position(id);
    if (at < 0) {
      return undefined;
    }
    this.#replace(at, update(this.#entries[at]));
    return { type: 'updated', at };
  }

  /** Replaces an entry if its text is different. */
  #change(id, change) {
    const at = this.position(id);
    const before = this.#entries[at];
    const after = before && change(before);
    if (!after || after === before) {
      return undefined;
    }
    this.#replace(at, after);
    return { type: 'updated', at };
  }

  /** Replaces an entry whose text has grown. */
  #grow(id, grow) {
    const at = this.position(id);
    const after = at >= 0 && grow(this.#entries[at]);
    if (!after) {
      return undefined;
    }
    this.#replace(at, after);
    return { type: 'grew', at };
  }

  #hear(entry, { delta, response_id: id }) {
    const bytes_per_second =
      this.#response?.id === id ? this.#response.bytesPerSecond : this.#bytesPerSecond;
    return entry
      .with({ audio_bytes: entry.audio_bytes + decodedLength(delta), bytes_per_second })
      .respondedBy(id);
  }

  #remove(id) {
    const at = this.position(id);
    if (at < 0) {
      return undefined;
    }
    this.#entries = this.#entries.toSpliced(at, 1);
    return { type: 'removed', at };
  }

  /** A transcript may come before its item, and long after it. */
  #transcribed({ item_id: id, delta, transcript }, apply) {
    const entry = this.get(id);
    if (entry) {
      return apply(entry);
    }
    const early = transcript ?? `${this.#early.get(id) ?? ''}${delta}`;
    this.#early.set(id, early);
    if (this.#early.size > MAX_EARLY) {
      this.#early.delete(this.#early.keys().next().value);
    }
    return undefined;
  }

  /** Puts an item where the server says it stands: null is the front, absent or unknown the end. */
  #place(previous, item, done) {
    const id = item?.id;
    if (id === undefined || id === null) {
      return undefined;
    }
    const known = this.position(id);
    if (known >= 0) {
      return this.#placeAgain(known, previous, item, done);
    }
    let entry = HistoryEntry.of(item, done);
    if (this.#early.has(id)) {
      entry = entry.withText(0, 'transcript', become(this.#early.get(id))) ?? entry;
      this.#early.delete(id);
    }
    const at = previous === null ? 0 : this.#behind(previous);
    this.#entries = this.#entries.toSpliced(at, 0, entry);
    return { type: 'added', at };
  }

  /** The server tells of an item again: it is complete, or it came back after a reconnect. */
  #placeAgain(at, previous, item, done) {
    const known = this.#entries[at];
    const learnt = known.learnt(item).with({ on_server: true });
    const entry = done || known.status !== 'in_progress' ? learnt.settled(item) : learnt;
    // It moves only if it stood at the end for want of the item before it.
    const anchor = this.position(previous ?? undefined);
    if (anchor > at) {
      this.#entries = this.#entries.toSpliced(at, 1).toSpliced(anchor, 0, entry);
      return { type: 'moved', from: at, at: anchor };
    }
    this.#replace(at, entry);
    return { type: 'updated', at };
  }

  /**
   * Returns the place behind an item, and behind those that only this history knows; the end if it
   * is unknown.
   */
  #behind(itemId) {
    const before = this.position(itemId);
    if (before < 0) {
      return this.#entries.length;
    }
    const next = this.#entries.findIndex(({ on_server }, at) => at > before && on_server);
    return next < 0 ? this.#entries.length : next;
  }

  /** A response ended: its items are as they will be. */
  #responseDone({ id, status, output = [] }) {
    let change;
    for (const item of output) {
      const at = this.position(item.id ?? undefined);
      if (at >= 0) {
        const before = this.#entries[at];
        const after = before.respondedBy(id).learnt(item).settled(item);
        if (JSON.stringify(after) !== JSON.stringify(before)) {
          this.#replace(at, after);
          change = { type: 'updated', at };
        }
      }
    }
    this.#entries.forEach((entry, at) => {
      if (entry.response_id === id && entry.status === 'in_progress') {
        this.#replace(
          at,
          entry.with({ status: status === 'completed' ? 'completed' : 'incomplete' }),
        );
        change = { type: 'updated', at };
      }
    });
    return change;
  }
}

function append(delta) {
  return (text) => text + delta;
}

/** An empty text is one that the server left out. */
function become(whole) {
  return (text) => whole || text;
}
