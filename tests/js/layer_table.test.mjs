// The cases of tests/fixtures/conversation.json, which the conversation layer in Rust has to pass,
// too: tests/conversation/table.rs. Each step is one input, and the results that it states.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { layer } from './classes.mjs';

const { History, Playback, Responses, ToolCalls, Turns, Usage } = layer;
const cases = JSON.parse(readFileSync(new URL('../fixtures/conversation.json', import.meta.url)));

/** The pieces, wired as a conversation wires them. */
class Stage {
  time = 0;
  responses = new Responses();
  playback = new Playback();
  history = new History();
  calls = new ToolCalls();
  usage = new Usage();
  turns = new Turns();
  tickets = new Map();
  marks = [];
  /** Events that were sent, and not stated by a step. */
  sent = [];

  /** Carries a step out, and returns its results by name. */
  act(step) {
    this.time = step.tick ?? step.at ?? this.time;
    const { time } = this;
    const results = { interrupted: null, change: null, tokens: null, turn: null, calls: [] };
    if (step.event) {
      Object.assign(results, this.received(step.event, step.pieces));
    } else if (step.request) {
      this.tickets.set(this.responses.request(time, create(step.request)), step.as);
    } else if (step.follow_up) {
      this.tickets.set(
        this.responses.requestFollowUp(time, create(step.follow_up), step.about),
        step.as,
      );
    } else if (step.cancel) {
      results.result = this.responses.cancel(time);
    } else if (step.cancel_request) {
      const [ticket] = [...this.tickets].find(([, name]) => name === step.cancel_request);
      results.result = this.responses.cancelRequest(time, ticket);
    } else if (step.interrupt) {
      const interruption = this.playback.interrupt();
      this.responses.cancel(time);
      results.interrupted = this.interrupted(interruption);
    } else if (step.played_ms) {
      this.playback.playedMs(...step.played_ms);
    } else if (step.played_mark !== undefined) {
      results.result = this.playback.playedMark(this.marks[step.played_mark]);
    } else if (step.answer) {
      const event = this.calls.answer(...step.answer);
      this.sent.push(...(event ? [event] : []));
    } else if (step.calls_lost) {
      const lost = this.calls.connectionLost(({ item_id }) => step.calls_lost.includes(item_id));
      results.lost = lost.map(({ call_id }) => call_id);
    } else if (step.connection_lost) {
      this.responses.connectionLost();
      this.history.connectionLost();
      this.turns.connectionLost();
    } else if (step.connected) {
      this.responses.connected(time);
    } else if (step.reconnected) {
      this.playback.reconnected();
    } else if (step.close) {
      this.responses.close();
    } else if (step.save) {
      this.history = new History(JSON.parse(JSON.stringify(this.history)));
    } else if (step.seed) {
      results.seeds = this.history.seed(step.seed);
    } else {
      this.responses.tick(time);
    }
    this.pump();
    return { ...results, ...this.state() };
  }

  received(event, pieces) {
    const told =
      event.delta?.zeros === undefined ? event : { ...event, delta: zeros(event.delta.zeros) };
    this.responses.received(this.time, told);
    const calls = this.calls.received(told).map(({ call_id }) => call_id);
    const tokens = this.usage.received(told) ?? null;
    const interruption = this.playback.received(told);
    const interrupted =
      interruption && told.type !== 'response.done' ? this.interrupted(interruption) : null;
    if (interruption && interrupted === null) {
      this.sent.push(...interruption.events);
    }
    const change = this.history.apply(told) ?? null;
    const turn = this.turns.received(this.time, told) ?? null;
    const results = { calls, tokens, interrupted, change, turn: turn && shown(turn) };
    if (told.type === 'response.output_audio.delta') {
      results.plays = this.playback.plays(told);
    }
    if (pieces) {
      const made = this.playback.pieces(told, pieces.ms);
      this.marks.push(...made.map(({ mark }) => mark));
      results.pieces = {
        ms: pieces.ms,
        bytes: made.map(({ audio }) => Buffer.from(audio, 'base64').length),
      };
    }
    return results;
  }

  interrupted({ events, heard }) {
    this.queueRequests();
    this.sent.push(...events);
    return heard;
  }

  pump() {
    let followUp;
    while ((followUp = this.calls.pollFollowUp())) {
      this.responses.requestFollowUp(this.time, followUp.event, followUp.callIds);
    }
    this.queueRequests();
  }

  queueRequests() {
    let event;
    while ((event = this.responses.poll())) {
      this.sent.push(event);
    }
  }

  state() {
    const { entries } = this.history;
    const ends = [];
    let end;
    while ((end = this.responses.pollEnd())) {
      ends.push(this.shownEnd(end));
    }
    return {
      ends,
      active: this.responses.active ?? null,
      idle: this.responses.isIdle,
      wake_at: this.responses.wakeAt ?? null,
      total: this.usage.total,
      ids: entries.map(({ id }) => id),
      texts: entries.map(({ text }) => text),
      heard: entries.map(({ heard }) => heard),
      statuses: entries.map(({ status }) => status),
      on_server: entries.map(({ on_server }) => on_server),
    };
  }

  shownEnd({ ticket, response_id, outcome, error }) {
    const name = this.tickets.get(ticket);
    return {
      ...(name && { ticket: name }),
      ...(response_id && { response_id }),
      ...(error ? { error: error.reason } : { outcome }),
    };
  }
}

function create(response) {
  return { type: 'response.create', ...(Object.keys(response).length > 0 && { response }) };
}

function zeros(bytes) {
  return Buffer.alloc(bytes).toString('base64');
}

/** A turn without its times, which are the caller's. */
function shown({ started, user_ended, first_audio, ...turn }) {
  return JSON.parse(JSON.stringify(turn));
}

/** Results of a step; the others are inputs. */
const STATED = [
  ...[
    'active',
    'calls',
    'change',
    'ends',
    'heard',
    'idle',
    'ids',
    'interrupted',
    'lost',
    'on_server',
    'pieces',
    'plays',
  ],
  ...['result', 'seeds', 'statuses', 'texts', 'tokens', 'total', 'turn', 'wake_at'],
];

for (const { name, steps } of cases) {
  test(name, () => {
    const stage = new Stage();
    steps.forEach((step, number) => {
      const results = stage.act(step);
      for (const key of STATED.filter((one) => one in step)) {
        assert.deepEqual(results[key], step[key], `${key} of step ${number}`);
      }
      if (step.sends) {
        assert.deepEqual(stage.sent.splice(0), step.sends, `sends of step ${number}`);
      }
    });
    assert.deepEqual(stage.sent, [], 'not stated');
  });
}
