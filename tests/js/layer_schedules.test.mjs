// Random schedules for the pieces of the conversation layer, against a server that keeps to the
// service's rules. The numbers are the same in every run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layer } from './classes.mjs';
import { added, audio, called, created, done, speech } from './layer_stage.mjs';

const { History, Playback, Responses, ToolCalls } = layer;

const CASES = 200;

/** Runs a body with many sources of random whole numbers below a limit. */
function forAny(name, body) {
  test(name, () => {
    for (let seed = 1; seed <= CASES; seed += 1) {
      let state = seed;
      // A linear congruential generator; its high bits are random enough.
      const below = (limit) => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor((state / 2 ** 32) * limit);
      };
      try {
        body(below, seed);
      } catch (error) {
        error.message += ` (seed ${seed})`;
        throw error;
      }
    }
  });
}

/**
 * One response at a time, its own by turn detection among them. It returns metadata, or names
 * nothing.
 */
class Server {
  inbox = [];
  outbox = [];
  active;
  made = 0;

  constructor(tells) {
    this.tells = tells;
  }

  begin(asked) {
    this.made += 1;
    this.active = { id: `resp_${this.made}`, asked };
    this.outbox.push(created(this.active.id, this.tells ? asked : undefined));
  }

  read() {
    const event = this.inbox.shift();
    const refuse = (code) => {
      const error = {
        type: 'invalid_request_error',
        code,
        message: 'No.',
        event_id: this.tells ? event.event_id : null,
      };
      this.outbox.push({ type: 'error', error });
    };
    if (event?.type === 'response.create' && this.active) {
      assert.ok(!this.active.asked || !this.tells, 'a second request at once');
      refuse('conversation_already_has_active_response');
    } else if (event?.type === 'response.create') {
      this.begin(event);
    } else if (event?.type === 'response.cancel' && this.active?.id === event.response_id) {
      this.finish('cancelled');
    } else if (event?.type === 'response.cancel') {
      refuse('response_cancel_not_active');
    }
  }

  finish(status) {
    if (this.active) {
      this.outbox.push(done(this.active.id, undefined, status));
      this.active = undefined;
    }
  }
}

forAny('every request ends once and never meets another', (below, seed) => {
  const tells = seed % 2 === 0;
  const responses = new Responses({ attempts: 1000 });
  const server = new Server(tells);
  const [asked, own, ends, answers] = [[], [], [], new Map()];
  let now = 0;
  const steps = {
    request: () => own.push(asked[asked.push(responses.request(now)) - 1]),
    followUp: () => asked.push(responses.requestFollowUp(now)),
    speak: () => server.active ?? server.begin(),
    cancel: () => responses.cancel(now),
    withdraw: () => own.length > 0 && responses.cancelRequest(now, own.at(-1)),
    read: () => server.read(),
    tell: () => server.outbox.length > 0 && responses.received(now, server.outbox.shift()),
    finish: () => server.finish('completed'),
    wait() {
      if (responses.wakeAt < now + 4000) {
        now += 4000;
        responses.tick(now);
      }
    },
  };
  const names = Object.keys(steps);
  // That the server returns metadata shows in the first answer; at the end, all is read and
  // finished.
  const first = tells ? ['request', 'read', 'tell', 'finish', 'tell'] : [];
  const random = Array.from({ length: below(150) }, () => names[below(names.length)]);
  const rest = Array.from({ length: 3 * random.length + 4 }, () => [
    'read',
    'tell',
    'finish',
    'wait',
  ]).flat();
  for (const step of [...first, ...random, ...rest]) {
    now += 1;
    steps[step]();
    let event;
    while ((event = responses.poll())) {
      server.inbox.push(event);
    }
    let end;
    while ((end = responses.pollEnd())) {
      assert.ok(!end.error || end.error.reason === 'withdrawn', end.error?.reason);
      if (end.ticket !== undefined) {
        ends.push(end.ticket);
        answers.set(end.ticket, end.response_id);
      }
    }
  }
  assert.ok(responses.isIdle);
  assert.deepEqual(
    [...ends].sort((a, b) => a - b),
    asked,
  );
  if (tells) {
    // Each of the application's own has a response of its own, in order.
    const numbers = own
      .map((ticket) => answers.get(ticket))
      .filter(Boolean)
      .map((id) => Number(id.slice(5)));
    assert.ok(
      numbers.every((number, at) => at === 0 || number > numbers[at - 1]),
      `${numbers}`,
    );
  }
});

forAny('what was heard is what the server keeps', (below, seed) => {
  const telling = ['ms', 'marks', 'samples'][seed % 3];
  const playback = new Playback();
  const items = [];
  const cut = new Set();
  let [queue, stale, response, isOpen, position] = [[], [], 0, false, 0];
  playback.received(created('resp_0'));

  /** Carries out what an interruption says, and refuses what the service would refuse. */
  const obey = ({ events, heard }) => {
    assert.equal(events.length, heard.length);
    for (const { type, item_id, audio_end_ms } of events) {
      const item = items.find(({ id }) => id === item_id);
      assert.ok(!item.isDeleted && item.truncated === undefined, item_id);
      if (type === 'conversation.item.delete') {
        assert.equal(item.told, 0);
        item.isDeleted = true;
      } else {
        assert.ok(audio_end_ms > 0 && audio_end_ms <= item.sent);
        assert.equal(audio_end_ms, item.told);
        assert.ok(!(item.isComplete && item.told >= item.sent), 'all was heard');
        item.truncated = audio_end_ms;
      }
    }
  };
  const interrupted = (interruption) => {
    obey(interruption);
    for (let number = 0; number <= response; number += 1) {
      cut.add(number);
    }
    stale.push(...queue.map(({ mark }) => mark));
    stale.filter(Boolean).forEach((mark) => assert.equal(playback.playedMark(mark), false));
    [queue, stale, position] = [[], [], playback.samples];
    assert.ok(!playback.isPlaying);
  };
  const complete = () => {
    if (isOpen) {
      const item = items.at(-1);
      item.isComplete = true;
      isOpen = false;
      playback.received({ type: 'response.output_audio.done', item_id: item.id, content_index: 0 });
    }
  };
  const nextResponse = () => {
    complete();
    const late = playback.received(done(`resp_${response}`));
    if (late) {
      assert.ok(cut.has(response));
      obey(late);
    }
    response += 1;
    playback.received(created(`resp_${response}`));
  };
  const steps = [
    function delta() {
      if (!isOpen) {
        items.push({
          id: `item_${items.length}`,
          response,
          sent: 0,
          told: 0,
          played: 0,
          isComplete: false,
        });
        isOpen = true;
      }
      const item = items.at(-1);
      const ms = below(120);
      const event = audio(`resp_${response}`, item.id, ms);
      assert.equal(playback.received(event), undefined);
      item.sent += ms;
      assert.equal(playback.plays(event), !cut.has(response));
      if (telling === 'marks') {
        const pieces = playback.pieces(event, 20);
        queue.push(
          ...pieces.map(({ audio: piece, mark }) => ({
            item,
            ms: Buffer.from(piece, 'base64').length / 48,
            mark,
          })),
        );
      } else if (!cut.has(response)) {
        queue.push({ item, ms });
      }
    },
    complete,
    nextResponse,
    function play() {
      let left = below(120);
      while (left > 0 && queue.length > 0) {
        const [{ item, mark }] = queue;
        const played = Math.min(left, queue[0].ms);
        left -= played;
        queue[0].ms -= played;
        item.played += played;
        position += played * 24;
        const isOver = queue[0].ms === 0;
        if (telling === 'ms') {
          playback.playedMs(item.id, 0, item.played);
        } else if (telling === 'samples') {
          playback.playedSamples(position);
        } else if (isOver) {
          assert.ok(playback.playedMark(mark));
        }
        if (telling !== 'marks' || isOver) {
          item.told = Math.floor(item.played);
        }
        if (isOver) {
          queue.shift();
        }
      }
    },
    function speak() {
      const isUnheard = items.some((item) => !cut.has(item.response) && item.told < item.sent);
      const interruption = playback.received(speech);
      assert.equal(interruption !== undefined, !cut.has(response) || isUnheard);
      if (interruption) {
        interrupted(interruption);
      }
    },
    function press() {
      const interruption = playback.interrupt();
      assert.equal(interruption.cancel !== undefined, !cut.has(response));
      interrupted(interruption);
    },
  ];
  const weights = [0, 0, 0, 0, 0, 1, 1, 2, 3, 3, 3, 3, 3, 4, 5];
  for (let left = below(60); left > 0; left -= 1) {
    steps[weights[below(weights.length)]]();
  }
  nextResponse();
  for (const item of items) {
    const isSettled = item.isDeleted || item.truncated !== undefined;
    const isHeard = item.isComplete && item.told >= item.sent;
    assert.ok(cut.has(item.response) ? isSettled || isHeard : !isSettled, JSON.stringify(item));
  }
});

forAny('every call is answered once, and every response followed once', (below) => {
  const calls = new ToolCalls(Infinity);
  const responses = new Map();
  const epochs = [0, 0, 0];
  let followUps = 0;
  const random = Array.from({ length: below(120) }, () => [below(4), below(3), below(4)]);
  const ends = [0, 1, 2].flatMap((slot) => [
    ...[0, 1, 2, 3].map((call) => [2, slot, call]),
    [1, slot, 0],
  ]);
  for (const [step, slot, number] of [...random, ...ends]) {
    // A slot holds one response after the other.
    const id = `resp_${epochs[slot] * 3 + slot}`;
    const response = responses.get(id) ?? { made: new Set(), answered: 0, isDone: false };
    responses.set(id, response);
    const call = `${id}_${number}`;
    if (step === 0 && !response.isDone) {
      assert.equal(calls.received(called(id, call, 'a')).length, response.made.has(call) ? 0 : 1);
      response.made.add(call);
    } else if (step === 1) {
      calls.received(done(id));
      response.isDone = true;
    } else if (step === 2 && calls.answer(call, { output: 'x' })) {
      response.answered += 1;
    } else if (response.isDone && response.answered === response.made.size) {
      epochs[slot] += 1;
    }
    while (calls.pollFollowUp()) {
      followUps += 1;
    }
    const due = [...responses.values()].filter(
      ({ made, answered, isDone }) => isDone && made.size > 0 && answered === made.size,
    );
    assert.equal(followUps, due.length);
  }
  assert.deepEqual(calls.open, []);
});

forAny(
  'order and texts of the history are the server’s, and a view that follows the changes shows them',
  (below) => {
    const history = new History();
    const server = [];
    const view = [];
    const reply = (id, content, status) => ({
      type: 'message',
      id,
      role: 'assistant',
      status,
      content,
    });
    for (let step = below(80); step > 0; step -= 1) {
      const kind = below(9);
      const at = below(server.length + (kind < 3 ? 1 : 0));
      const previous = at > 0 ? server[at - 1].id : null;
      let event;
      if (kind < 3) {
        const item = { id: `item_${step}`, text: '' };
        server.splice(at, 0, item);
        event = added(reply(item.id, [], 'in_progress'), previous);
      } else if (server.length === 0) {
        continue;
      } else if (kind === 3) {
        event = { type: 'conversation.item.deleted', item_id: server.splice(at, 1)[0].id };
      } else if (kind < 8) {
        const item = server[at];
        const delta = 'a b'.repeat(below(3));
        item.text += delta;
        event = {
          type: 'response.output_text.delta',
          item_id: item.id,
          content_index: 0,
          response_id: 'resp_1',
          delta,
        };
      } else {
        const { id, text } = server[at];
        const item = reply(id, [{ type: 'output_text', text }], 'completed');
        event = { type: 'conversation.item.done', previous_item_id: previous, item };
      }
      const change = history.apply(event);
      if (change?.type === 'removed') {
        view.splice(change.at, 1);
      } else if (change) {
        view.splice(change.at, change.type === 'added' ? 0 : 1, history.entries[change.at].text);
      }
      const texts = server.map(({ text }) => text);
      assert.deepEqual(
        history.entries.map(({ id }) => id),
        server.map(({ id }) => id),
      );
      assert.deepEqual(
        history.entries.map(({ text }) => text),
        texts,
      );
      assert.deepEqual(view, texts);
    }
    const saved = new History(JSON.parse(JSON.stringify(history)));
    assert.deepEqual(
      saved.entries.map(({ text }) => text),
      server.map(({ text }) => text),
    );
  },
);
