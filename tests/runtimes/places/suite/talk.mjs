// Conversations of the package's conversation layer with the emulator.

import { assert, equal, next, thrown } from './harness.mjs';

/** Samples in a second of the protocol's default audio format. */
const RATE = 24_000;

export const talk = {
  async a_reply_to_what_is_said({ open, Conversation }) {
    const conversation = new Conversation(open(), { session: { output_modalities: ['text'] } });
    const told = failures(conversation);
    const [one, two] = await Promise.all([conversation.say('One'), conversation.respond()]);
    equal([one.text, two.text], ['You said: One', 'You said: One']);
    equal(lines(conversation), [
      'user: One',
      'assistant: You said: One',
      'assistant: You said: One',
    ]);
    assert(
      conversation.usage.total.responses === 2 && conversation.usage.total.input.total > 0,
      'usage',
    );
    equal(told, []);
  },

  async two_parallel_tools_get_one_reply({ open, Conversation, tool }) {
    const parameters = {
      type: 'object',
      properties: { city: { type: 'string', examples: ['Ulm'] } },
      required: ['city'],
    };
    const tools = [
      tool({ name: 'weather', parameters, execute: ({ city }) => `sunny in ${city}` }),
      tool({ name: 'time', parameters, execute: async ({ city }) => ({ city, time: 'noon' }) }),
    ];
    const rt = open();
    const sent = [];
    const conversation = new Conversation(watched(rt, sent), {
      session: { output_modalities: ['text'] },
      tools,
    });
    const told = failures(conversation);
    const replies = [];
    const spoken = new Promise((resolve) => {
      conversation.on('response', ({ text }) => replies.push(text) === 2 && resolve());
    });
    conversation.say('Tell me weather and time.');
    await spoken;
    equal(replies, ['', 'The function answered: {"city":"Ulm","time":"noon"}']);
    equal(sent, [
      'session.update',
      'conversation.item.create',
      'response.create',
      'conversation.item.create',
      'conversation.item.create',
      'response.create',
    ]);
    equal(told, []);
  },

  async a_barge_in_tells_the_server_what_was_heard({ open, Conversation }) {
    const rt = open();
    const conversation = new Conversation(rt, { playback: true });
    const told = failures(conversation);
    const { response } = await conversation.say('A reply that is longer than this');
    const [{ id }] = response.output;
    conversation.playedMs(id, 0, 100);
    const truncated = rt.emitted('conversation.item.truncated');
    const interrupted = next(
      { addEventListener: (name, heard) => conversation.once(name, heard) },
      'interrupted',
    );
    conversation.sendAudio(speech());
    const { item_id, audio_end_ms } = await truncated;
    equal([item_id, audio_end_ms], [id, 100]);
    equal(
      (await interrupted).heard.map(({ played_ms }) => played_ms),
      [100],
    );
    const entry = conversation.history.find((one) => one.id === id);
    assert(
      entry.text.startsWith(entry.heard) && entry.heard.length < entry.text.length,
      entry.heard,
    );
    equal(told, []);
  },

  async the_user_may_speak_at_any_moment_of_two_replies({ open, Conversation }) {
    for (const quarter of [0, 2, 4, 6, 8]) {
      const sent = [];
      const conversation = new Conversation(watched(open(), sent, true), { playback: true });
      const told = failures(conversation);
      const replies = [await conversation.say('One'), await conversation.say('Two')];
      const items = replies.map(({ response }) => response.output[0].id);
      const lengths = items.map(
        (id) => conversation.history.find((entry) => entry.id === id).audio_ms,
      );
      // The player is a quarter after the other through both, when the user begins to speak.
      const at = quarter > 4 ? 1 : 0;
      const played = Math.floor((lengths[at] * (quarter - 4 * at)) / 4);
      conversation.playedMs(items[at], 0, played);
      const answered = new Promise((resolve) => conversation.once('response', resolve));
      sent.length = 0;
      conversation.sendAudio(speech());
      equal((await answered).outcome, { status: 'completed' });
      // Once this is answered, the server has read all that was sent before.
      await conversation.request({
        type: 'conversation.item.retrieve',
        item_id: conversation.history[0].id,
      });
      const cuts = sent.filter(
        ({ type }) => type === 'conversation.item.truncate' || type === 'conversation.item.delete',
      );
      const expected = {
        0: [
          ['delete', 0],
          ['delete', 1],
        ],
        2: [
          ['truncate', 0, played],
          ['delete', 1],
        ],
        4: [['delete', 1]],
        6: [['truncate', 1, played]],
        8: [],
      }[quarter];
      const shown = cuts.map(({ type, item_id, audio_end_ms: end }) => [
        type.split('.')[2],
        items.indexOf(item_id),
        end,
      ]);
      equal(
        shown.map((cut) => cut.filter((part) => part !== undefined)),
        expected,
        `at ${quarter} quarters it`,
      );
      equal(told, []);
      conversation.close();
    }
  },

  async a_request_beside_speech_has_a_reply_of_its_own({ open, Conversation }) {
    const conversation = new Conversation(open());
    const told = failures(conversation);
    const ends = [];
    const both = new Promise((resolve) =>
      conversation.on('response', (end) => ends.push(end) === 2 && resolve()),
    );
    conversation.sendAudio(speech());
    const answer = await conversation.respond();
    await both;
    equal(
      ends.map(({ outcome }) => outcome.status),
      ['completed', 'completed'],
    );
    assert(answer.response.metadata.client_request, 'it is the answer to the request');
    equal(told, []);
  },

  async failing_and_unknown_tools_get_one_reply({ open, Conversation, tool }) {
    const fails = tool({
      name: 'weather',
      execute: () => Promise.reject(new Error('no connection')),
    });
    const unknown = {
      type: 'function',
      name: 'time',
      parameters: { type: 'object', properties: {} },
    };
    const session = { output_modalities: ['text'], tools: [fails.definition, unknown] };
    const conversation = new Conversation(open(), { session, tools: [fails] });
    const told = failures(conversation);
    const replies = [];
    const spoken = new Promise((resolve) =>
      conversation.on('response', ({ text }) => replies.push(text) === 2 && resolve()),
    );
    conversation.say('Tell me weather and time.');
    await spoken;
    const outputs = conversation.history
      .filter(({ type }) => type === 'function_call_output')
      .map(({ text }) => text);
    equal(outputs.sort(), ['{"error":"no connection"}', '{"error":"there is no tool \\"time\\""}']);
    assert(replies[1].startsWith('The function answered: '), replies[1]);
    equal(told, []);
  },

  async a_conversation_goes_on_after_an_outage({ open, told, Conversation }) {
    const rt = open(undefined, { reconnect: true, reconnectInitialDelay: 20 });
    const conversation = new Conversation(rt, { session: { output_modalities: ['text'] } });
    conversation.on('error', () => {});
    equal((await conversation.say('Hello')).text, 'You said: Hello');
    const broken = conversation.say('Pull the plug.');
    const again = told(rt, 'reconnected');
    equal((await thrown(() => broken)).reason, 'connection_lost');
    await again;
    equal((await conversation.say('Are you there?')).text, 'You said: Are you there?');
    const expected = ['user: Hello', 'assistant: You said: Hello', 'user: Pull the plug.'];
    equal(lines(conversation).slice(0, 3), expected);
    // The new session has what was said before.
    const retrieved = rt.emitted('conversation.item.retrieved');
    conversation.send({ type: 'conversation.item.retrieve', item_id: conversation.history[0].id });
    equal((await retrieved).item.content[0].text, 'Hello');
  },
};

/** Every error of a conversation, as it comes. */
function failures(conversation) {
  const errors = [];
  conversation.on('error', (error) => errors.push(error.message));
  return errors;
}

/** The session, with the events that are sent in a list, or their types alone. */
function watched(rt, sent, whole = false) {
  return {
    on: (name, listener) => rt.on(name, listener),
    send(event) {
      sent.push(whole ? event : event.type);
      rt.send(event);
    },
    close: () => rt.close(),
    get socket() {
      return rt.socket;
    },
  };
}

function lines({ history }) {
  return history.map(({ role, text }) => `${role}: ${text}`);
}

/** Half a second of a voice, then silence for turn detection. */
function speech() {
  return Int16Array.from({ length: (RATE * 3) / 2 }, (_, at) =>
    at > RATE / 2 ? 0 : at % 40 < 20 ? 9000 : -9000,
  );
}
