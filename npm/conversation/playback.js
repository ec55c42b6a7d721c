// The part of the model's speech that was heard, and the events that tell the server of it after an
// interruption. The rules are those of src/conversation/playback in Rust.

import { bytesPerSample, bytesPerSecond, decodedLength } from './audio.js';

/** Number of interrupted responses, and of items of the model, that are remembered by their ids. */
const REMEMBERED = 64;

/**
 * Tracker of the model's speech. It takes every event of the server by `received`, and the player
 * tells it what was heard by `playedMs`, `playedSamples` or `playedMark`.
 */
export class Playback {
  /** Format of the session's output. */
  #format = {};
  /** Set when speech interrupts the response under way, which is the service's default. */
  #interrupts = true;
  /** Responses that are under way, or whose audio is queued. */
  #replies = [];
  /** Content parts of those responses, in the order in which they are played. */
  #parts = [];
  /** Ids of interrupted responses: late audio of theirs is not played. */
  #cut = [];
  /** Ids of the model's items that the conversation has. */
  #added = [];
  /** Marks that were given out, each with the place behind its audio. */
  #marks = [];
  #madeMarks = 0;
  /** Samples of all audio so far that was to be played. */
  #written = 0;

  /**
   * Takes an event of the server, before the player gets it. Returns an interruption, or undefined.
   */
  received(event) {
    switch (event.type) {
      case 'response.output_audio.delta':
        this.#receivedAudio(event);
        break;
      case 'response.output_audio.done':
        this.#complete((part) => isPart(part, event.item_id, event.content_index));
        break;
      case 'response.created':
        this.#began(event.response ?? {});
        break;
      case 'response.done':
        return this.#ended(event.response?.id);
      case 'input_audio_buffer.speech_started':
        return this.#interrupts && this.#isInterruptible() ? this.#settleAll() : undefined;
      case 'conversation.item.added':
      case 'conversation.item.created':
        if (event.item?.type === 'message' && event.item.role === 'assistant') {
          remember(this.#added, event.item.id);
        }
        break;
      case 'session.created':
      case 'session.updated':
        this.#configure(event.session ?? {});
        break;
      default:
        return undefined;
    }
    this.#forget();
    return undefined;
  }

  /** Returns true if a piece of audio is to be played: its response was not interrupted. */
  plays({ response_id }) {
    return !this.#isCut(response_id);
  }

  /**
   * The number of samples of all audio so far that was to be played: the place behind the latest
   * piece.
   */
  get samples() {
    return this.#written;
  }

  /** The format in which a response's audio comes. */
  formatOf(responseId) {
    return this.#replies.find(({ id }) => id === responseId)?.format ?? this.#format;
  }

  /**
   * Notes that a content part was played up to a place, in milliseconds, and everything in front of
   * it to its end.
   */
  playedMs(itemId, contentIndex, ms) {
    const at = this.#parts.findIndex(
      (part) => isQueued(part) && isPart(part, itemId, contentIndex),
    );
    if (at < 0) {
      return;
    }
    for (const part of this.#parts.slice(0, at).filter(isQueued)) {
      playTo(part, Infinity);
    }
    playTo(this.#parts[at], ms);
    this.#forget();
  }

  /**
   * Notes that the player has played its stream up to a place: the number of samples since the
   * first, those that were cut by an interruption included.
   */
  playedSamples(position) {
    for (const part of this.#parts.filter(isQueued)) {
      const samples = part.spans.reduce(
        (sum, [start, end]) => sum + Math.max(0, Math.min(position, end) - start),
        0,
      );
      playTo(part, (samples * bytesPerSample(part.format) * 1000) / bytesPerSecond(part.format));
    }
    this.#forget();
  }

  /**
   * Cuts a piece of audio that was received into pieces of about this length, each with the name of
   * a mark for the place behind it: for a telephone line that reports marks. There are none if it
   * is not to be played.
   */
  pieces({ item_id, content_index, delta }, ms = 100) {
    const part = this.#parts.find((one) => isQueued(one) && isPart(one, item_id, content_index));
    if (!part) {
      return [];
    }
    // Three bytes are four letters of base64, so a multiple of three bytes can be cut off
    // undecoded. Six are whole samples of 16 bits, too.
    const sample = bytesPerSample(part.format);
    const bytes = sample * Math.floor((ms * bytesPerSecond(part.format)) / (1000 * sample));
    const letters = 8 * Math.max(1, Math.ceil(bytes / 6));
    const pieces = [];
    for (let start = 0; start < delta.length; start += letters) {
      const audio = delta.slice(start, start + letters);
      part.marked += decodedLength(audio);
      this.#madeMarks += 1;
      const mark = `audio-${this.#madeMarks}`;
      this.#marks.push({
        mark,
        itemId: part.itemId,
        contentIndex: part.contentIndex,
        end: part.marked,
      });
      pieces.push({ audio, mark });
    }
    return pieces;
  }

  /**
   * Notes that the line has played everything up to a mark. Returns false for a mark that is not
   * known.
   */
  playedMark(name) {
    const at = this.#marks.findIndex(({ mark }) => mark === name);
    if (at < 0) {
      return false;
    }
    const { itemId, contentIndex, end } = this.#marks.splice(0, at + 1)[at];
    const part = this.#parts.find((one) => isPart(one, itemId, contentIndex));
    if (part) {
      this.playedMs(itemId, contentIndex, (end * 1000) / bytesPerSecond(part.format));
    }
    return true;
  }

  /**
   * Interrupts the model, as for a button: the response under way is cancelled, and what is queued
   * is never played.
   */
  interrupt() {
    const underWay = this.#replies.find(
      (reply) => !reply.isDone && reply.inConversation && !this.#isCut(reply.id),
    );
    const cancel = underWay && { type: 'response.cancel', response_id: underWay.id };
    return { ...(cancel && { cancel }), ...this.#settleAll() };
  }

  /**
   * Notes that the session goes on over a new connection, which has no audio that could be
   * truncated.
   */
  reconnected() {
    for (const reply of this.#replies) {
      Object.assign(reply, { isDone: true, inConversation: false });
    }
    for (const part of this.#parts.filter(({ isLate }) => isLate)) {
      part.isSettled = true;
    }
    this.#added = [];
    this.#complete(() => true);
    this.#forget();
  }

  /** True while audio is queued that was not heard. */
  get isPlaying() {
    return this.nowPlaying !== undefined;
  }

  /** The content part that is being played, and how far it is. */
  get nowPlaying() {
    const part = this.#parts.find(
      (one) => isQueued(one) && playedMs(one) < Math.floor(lengthOf(one)),
    );
    return part && heardOf(part);
  }

  #receivedAudio({ response_id, item_id, content_index, delta }) {
    const known = this.#parts.find((one) => isPart(one, item_id, content_index));
    const part = known ?? this.#queue(response_id, item_id, content_index ?? 0);
    if (part.isSettled) {
      return;
    }
    const bytes = decodedLength(delta);
    part.received += bytes;
    if (!part.isLate) {
      const start = this.#written;
      this.#written += bytes / bytesPerSample(part.format);
      const last = part.spans.at(-1);
      if (last?.[1] === start) {
        last[1] = this.#written;
      } else {
        part.spans.push([start, this.#written]);
      }
    }
  }

  /** Queues a new content part. */
  #queue(responseId, itemId, contentIndex) {
    const format = this.formatOf(responseId);
    const isLate = this.#isCut(responseId);
    if (!isLate && !this.#replies.some(({ id }) => id === responseId)) {
      // The tracker was made while the response was under way.
      this.#replies.push({ id: responseId, format, inConversation: true, isDone: false });
    }
    const counts = { received: 0, marked: 0, played: 0, spans: [] };
    const part = {
      responseId,
      itemId,
      contentIndex,
      format,
      ...counts,
      isComplete: false,
      isSettled: false,
      isLate,
    };
    this.#parts.push(part);
    return part;
  }

  #began({ id, audio, conversation_id }) {
    const format = audio?.output?.format ?? this.#format;
    const inConversation = conversation_id !== undefined && conversation_id !== null;
    this.#replies.push({ id, format, inConversation, isDone: false });
  }

  /** Notes the end of a response, and settles what arrived of it after an interruption. */
  #ended(responseId) {
    const isIts = (part) => part.responseId === responseId;
    this.#complete(isIts);
    const late = this.#isCut(responseId) ? this.#settle(isIts) : undefined;
    for (const reply of this.#replies.filter(({ id }) => id === responseId)) {
      reply.isDone = true;
    }
    this.#forget();
    return late?.heard.length > 0 ? late : undefined;
  }

  #complete(matches) {
    for (const part of this.#parts.filter(matches)) {
      part.isComplete = true;
    }
  }

  #configure({ type, audio }) {
    if (type === 'transcription') {
      return;
    }
    this.#format = audio?.output?.format ?? this.#format;
    this.#interrupts = audio?.input?.turn_detection?.interrupt_response ?? true;
  }

  #isCut(responseId) {
    return this.#cut.includes(responseId);
  }

  #isInterruptible() {
    return this.isPlaying || this.#replies.some(({ id, isDone }) => !isDone && !this.#isCut(id));
  }

  /** Ends everything that is queued or under way. */
  #settleAll() {
    this.#marks = [];
    const interruption = this.#settle(({ isLate }) => !isLate);
    for (const { id } of this.#replies) {
      remember(this.#cut, id);
    }
    this.#forget();
    return interruption;
  }

  /**
   * Decides what becomes of each part that matches: nothing if it was heard, a truncation, or with
   * its item a deletion.
   */
  #settle(matches) {
    const [events, heard, deleted] = [[], [], []];
    for (const part of this.#parts.filter((one) => !one.isSettled && matches(one))) {
      if (isWhole(part)) {
        continue;
      }
      const { itemId: item_id, contentIndex: content_index } = part;
      const siblings = this.#parts.filter(({ itemId }) => itemId === item_id);
      const wasDeleted = siblings.some((one) => one.isSettled && !isWhole(one));
      if (!this.#isInConversation(part)) {
        // The server has no item that it could change.
      } else if (siblings.some((one) => playedMs(one) > 0)) {
        const audio_end_ms = playedMs(part);
        events.push({ type: 'conversation.item.truncate', item_id, content_index, audio_end_ms });
      } else if (!deleted.includes(item_id) && !wasDeleted) {
        deleted.push(item_id);
        events.push({ type: 'conversation.item.delete', item_id });
      }
      heard.push(heardOf(part));
    }
    for (const part of this.#parts.filter(matches)) {
      part.isSettled = true;
    }
    return { events, heard };
  }

  #isInConversation({ responseId, itemId }) {
    const reply = this.#replies.find(({ id }) => id === responseId);
    return (reply?.inConversation ?? true) || this.#added.includes(itemId);
  }

  /** Forgets responses that ended, once all their audio was heard or settled. */
  #forget() {
    const isOver = (part) => part.isSettled || playedMs(part) >= Math.floor(lengthOf(part));
    const isGone = ({ id, isDone }) =>
      isDone && this.#parts.every((part) => part.responseId !== id || isOver(part));
    for (const gone of this.#replies.filter(isGone)) {
      this.#replies.splice(this.#replies.indexOf(gone), 1);
      this.#parts = this.#parts.filter(({ responseId }) => responseId !== gone.id);
    }
  }
}

function isQueued(part) {
  return !part.isSettled && !part.isLate;
}

function isPart(part, itemId, contentIndex = 0) {
  return part.itemId === itemId && part.contentIndex === contentIndex;
}

/** Length in milliseconds of the audio that was received. */
function lengthOf(part) {
  return (part.received * 1000) / bytesPerSecond(part.format);
}

function playedMs(part) {
  return Math.floor(part.played);
}

/** Reports never run backwards or beyond what was received. */
function playTo(part, ms) {
  part.played = Math.max(part.played, Math.min(ms, lengthOf(part)));
}

function isWhole(part) {
  return part.isComplete && playedMs(part) >= Math.floor(lengthOf(part));
}

function heardOf(part) {
  const {
    responseId: response_id,
    itemId: item_id,
    contentIndex: content_index,
    isComplete: is_complete,
  } = part;
  const times = { played_ms: playedMs(part), received_ms: Math.floor(lengthOf(part)) };
  return { response_id, item_id, content_index, ...times, is_complete };
}

/** Adds an id to those that are remembered, in place of the oldest if there are many. */
function remember(ids, id) {
  // A server that leaves ids out has all its responses under the same name.
  if (id && !ids.includes(id)) {
    ids.push(id);
    if (ids.length > REMEMBERED) {
      ids.shift();
    }
  }
}
