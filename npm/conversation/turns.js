// Turns: who speaks, and how long the model takes to answer. The rules are those of
// src/conversation/turns.rs.

import { outcomeOf } from './outcome.js';

/** Number of turns that are followed at a time: responses beside the conversation run, too. */
const MAX_TURNS = 16;

/**
 * Observer of turns: the user's, as turn detection finds them, and the model's. Times are in
 * milliseconds.
 */
export class Turns {
  #speaking = false;
  /** Time at which the user's last turn ended, until a response begins. */
  #ended;
  #underWay = [];

  /** True while the user speaks. */
  get isUserSpeaking() {
    return this.#speaking;
  }

  /** The turns of the model under way. */
  get underWay() {
    return this.#underWay;
  }

  /** Takes an event of the server, and returns the beginning or end of a turn. */
  received(now, event) {
    const { item_id, response } = event;
    switch (event.type) {
      case 'response.output_audio.delta': {
        const turn = this.#underWay.find(({ response_id }) => response_id === event.response_id);
        if (!turn || turn.first_audio !== undefined) {
          return undefined;
        }
        turn.first_audio = now;
        if (turn.user_ended !== undefined) {
          turn.latency = Math.max(0, now - turn.user_ended);
        }
        return { type: 'first_audio', response_id: turn.response_id, latency: turn.latency };
      }
      case 'input_audio_buffer.speech_started':
        this.#speaking = true;
        this.#ended = undefined;
        return { type: 'speech_started', item_id, audio_start_ms: event.audio_start_ms };
      case 'input_audio_buffer.speech_stopped':
        this.#speaking = false;
        this.#ended = now;
        return { type: 'speech_stopped', item_id, audio_end_ms: event.audio_end_ms };
      case 'input_audio_buffer.committed':
        // Without turn detection, the commit ends the user's turn.
        this.#speaking = false;
        this.#ended ??= now;
        return undefined;
      case 'response.created': {
        this.#underWay = this.#underWay.slice(1 - MAX_TURNS);
        this.#underWay.push({ response_id: response?.id, started: now, user_ended: this.#ended });
        this.#ended = undefined;
        return { type: 'turn_started', response_id: response?.id };
      }
      case 'response.done': {
        const at = this.#underWay.findIndex(({ response_id }) => response_id === response?.id);
        return at < 0
          ? undefined
          : { type: 'turn_done', ...this.#underWay.splice(at, 1)[0], outcome: outcomeOf(response) };
      }
      default:
        return undefined;
    }
  }

  /** Tells that the connection broke: turns under way are over, without an event. */
  connectionLost() {
    this.#speaking = false;
    this.#ended = undefined;
    this.#underWay = [];
  }
}
