// A session that a test moves, for the conversation layer.

import { layer } from './classes.mjs';

/** What a conversation asks of a session: `on`, `send`, `close` and a socket. */
export class FakeSession {
  sent = [];
  closes = 0;
  /** Events that an outage held back. */
  pending = [];
  #listeners = [];

  constructor(readyState = 1) {
    this.socket = fakeSocket(readyState);
  }

  on(name, listener) {
    this.#listeners.push({ name, listener });
    return this;
  }

  send(event) {
    this.sent.push(event);
  }

  takePending() {
    return this.pending.splice(0);
  }

  close() {
    this.closes += 1;
    this.socket.ends(1000, 'OK');
  }

  emit(name, ...values) {
    this.#listeners
      .filter((one) => one.name === name)
      .forEach(({ listener }) => listener(...values));
  }

  /** Events of the server. */
  receives(...events) {
    events.forEach((event) => this.emit('event', event));
  }

  /** Takes the events that were sent, by their types, or as `summary` tells them. */
  took(summary = ({ type }) => type) {
    return this.sent.splice(0).map(summary);
  }

  /** The connection breaks, and comes back. */
  breaks() {
    this.socket.readyState = 3;
    this.emit('reconnecting', { attempt: 1, maxAttempts: 5, delay: 0, closeCode: 1006 });
    this.socket.tell('close', { code: 1006, reason: '' });
  }

  comesBack() {
    this.socket = fakeSocket(1);
    this.emit('reconnected');
  }
}

function fakeSocket(readyState) {
  const listeners = [];
  return {
    readyState,
    bufferedAmount: 0,
    addEventListener: (type, listener) => listeners.push({ type, listener }),
    tell: (type, event) =>
      listeners.filter((one) => one.type === type).forEach(({ listener }) => listener(event)),
    opens() {
      this.readyState = 1;
      this.tell('open', {});
    },
    ends(code, reason) {
      this.readyState = 3;
      this.tell('close', { code, reason });
    },
  };
}

/** A conversation over such a session, and everything that it tells, by name. */
export function staged(options, readyState) {
  const rt = new FakeSession(readyState);
  const conversation = new layer.Conversation(rt, options);
  const told = [];
  for (const name of NAMES) {
    conversation.on(name, (...values) => told.push([name, ...values]));
  }
  const of = (name) => told.filter(([one]) => one === name).map(([, value]) => value);
  return { rt, conversation, told, of };
}

const NAMES = [
  ...[
    'history_added',
    'history_updated',
    'text',
    'transcript',
    'audio',
    'user_transcript',
    'interrupted',
    'response',
  ],
  ...[
    'tool_start',
    'tool_end',
    'tool_lost',
    'speech_started',
    'turn_started',
    'first_audio',
    'turn_done',
    'error',
  ],
  ...['reconnecting', 'reconnected', 'close'],
];

/** A response begins that answers a request. */
export function created(id, request) {
  const metadata = request?.response.metadata;
  return {
    type: 'response.created',
    response: { id, status: 'in_progress', conversation_id: 'conv_1', metadata },
  };
}

export function done(id, text, status = 'completed', details) {
  const content = [{ type: 'output_text', text }];
  const output =
    text === undefined ? [] : [{ type: 'message', id: `item_${id}`, role: 'assistant', content }];
  return { type: 'response.done', response: { id, status, output, status_details: details } };
}

export function added(item, previous) {
  return {
    type: 'conversation.item.added',
    item,
    ...(previous !== undefined && { previous_item_id: previous }),
  };
}

export function called(response_id, call_id, name, text = '{}') {
  const item = {
    type: 'function_call',
    id: `item_${call_id}`,
    status: 'completed',
    call_id,
    name,
    arguments: text,
  };
  return { type: 'response.output_item.done', response_id, output_index: 0, item };
}

export function audio(response_id, item_id, ms) {
  const delta = Buffer.alloc(ms * 48).toString('base64');
  return { type: 'response.output_audio.delta', response_id, item_id, content_index: 0, delta };
}

export const speech = {
  type: 'input_audio_buffer.speech_started',
  item_id: 'user_1',
  audio_start_ms: 0,
};

/** Lets promises and short timers run until a condition holds. */
export async function until(holds) {
  while (!holds()) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
