// Tools of the conversation layer: how calls are run, and how they are answered.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from '../node/node_modules/zod/index.js';
import { layer } from './classes.mjs';
import { called, created, done, staged, until } from './layer_stage.mjs';

const { backgroundResult, tool } = layer;

/** Runs the calls of one response, and returns the outputs by the names of the tools. */
async function outputs(options, ...calls) {
  const { rt, conversation, of } = staged(options);
  rt.took();
  rt.receives(created('resp_1'));
  calls.forEach(([name, text], number) =>
    rt.receives(called('resp_1', `call_${number}`, name, text)),
  );
  await until(() => rt.sent.length === calls.length);
  rt.receives(done('resp_1'));
  const sent = rt.sent.splice(0);
  conversation.close();
  const answers = sent.filter(({ item }) => item).map(({ item }) => [item.call_id, item.output]);
  return {
    answers: Object.fromEntries(answers),
    rest: sent.filter(({ item }) => !item).map(({ type }) => type),
    of,
  };
}

const city = {
  type: 'object',
  properties: { name: { type: 'string' }, days: { type: 'integer' } },
  required: ['name'],
};

test('definitions go to the session', () => {
  const weather = tool({
    name: 'weather',
    description: 'Weather',
    parameters: city,
    execute: () => 'sunny',
  });
  const { rt } = staged({ tools: [weather, tool({ name: 'now', execute: () => 'noon' })] });
  assert.deepEqual(rt.sent[0].session, {
    type: 'realtime',
    tools: [
      { type: 'function', name: 'weather', description: 'Weather', parameters: city },
      { type: 'function', name: 'now', parameters: { type: 'object', properties: {} } },
    ],
  });
});

test('what a tool returns is its output, and one reply is asked for after all of them', async () => {
  const tools = [
    tool({ name: 'text', parameters: city, execute: async ({ name }) => `Sunny in ${name}` }),
    tool({ name: 'value', execute: () => [1, 2] }),
    tool({ name: 'nothing', execute: () => {} }),
    tool({ name: 'later', execute: () => backgroundResult('noted') }),
  ];
  const { answers, rest, of } = await outputs(
    { tools },
    ['text', '{"name":"Ulm"}'],
    ['value', ''],
    ['nothing', 'null'],
    ['later'],
  );
  assert.deepEqual(answers, {
    call_0: 'Sunny in Ulm',
    call_1: '[1,2]',
    call_2: 'done',
    call_3: 'noted',
  });
  assert.deepEqual(rest, ['response.create']);
  assert.deepEqual(
    of('tool_start').map(({ name }) => name),
    ['text', 'value', 'nothing', 'later'],
  );
  assert.equal(of('tool_end').length, 4);
});

test('a background result alone asks for no reply', async () => {
  const tools = [tool({ name: 'later', execute: () => backgroundResult() })];
  const { answers, rest } = await outputs({ tools }, ['later']);
  assert.deepEqual([answers, rest], [{ call_0: 'done' }, []]);
});

test('the model is told of every failure', async () => {
  const tools = [
    tool({ name: 'weather', parameters: city, execute: () => 'sunny' }),
    tool({ name: 'fails', execute: async () => Promise.reject(new Error('no connection')) }),
    tool({
      name: 'throws',
      execute: () => {
        throw 'out of cheese';
      },
    }),
    tool({ name: 'hangs', timeout: 20, execute: () => new Promise(() => {}) }),
    tool({
      name: 'cyclic',
      execute: () => {
        const value = {};
        value.value = value;
        return value;
      },
    }),
  ];
  const calls = [
    ['unknown'],
    ['weather', '{"town":1}'],
    ['weather', '{"name":'],
    ['weather', '{"name":1}'],
    ['weather', '{"name":"Ulm","days":1.5}'],
    ['weather', '[]'],
    ['fails'],
    ['throws'],
    ['hangs'],
    ['cyclic'],
  ];
  const { answers, rest } = await outputs({ tools, toolConcurrency: 20 }, ...calls);
  const errors = Object.values(answers).map((output) => JSON.parse(output).error);
  errors.sort();
  const expected = [
    /^Converting circular structure/,
    /^no connection$/,
    /^out of cheese$/,
    /^the arguments do not fit: Unexpected end of JSON/,
    /^the arguments do not fit: `days` is not of type integer$/,
    /^the arguments do not fit: `name` is not of type string$/,
    /^the arguments do not fit: missing field `name`$/,
    /^the arguments do not fit: they are no object$/,
    /^the tool did not finish within 0.02 s$/,
    /^there is no tool "unknown"$/,
  ];
  assert.equal(errors.length, expected.length);
  errors.forEach((error, at) => assert.match(error, expected[at]));
  assert.deepEqual(rest, ['response.create']);
});

test('schemas of other libraries check the arguments, and describe themselves', async () => {
  const parameters = {
    '~standard': {
      validate: ({ name }) =>
        name
          ? { value: { name: name.toUpperCase() } }
          : { issues: [{ message: 'Required', path: ['name'] }] },
      jsonSchema: {
        input: () => ({ $schema: 'https://json-schema.org/draft-07/schema#', ...city }),
      },
    },
  };
  const tools = [tool({ name: 'loud', parameters, execute: ({ name }) => name })];
  assert.deepEqual(tools[0].definition.parameters, city);
  const { answers } = await outputs({ tools }, ['loud', '{"name":"ulm"}'], ['loud', '{}']);
  assert.equal(answers.call_0, 'ULM');
  assert.equal(JSON.parse(answers.call_1).error, 'the arguments do not fit: name: Required');
  const zod = z.object({ name: z.string(), days: z.number().default(3) });
  const strict = tool({
    name: 'strict',
    parameters: zod,
    execute: ({ name, days }) => `${days} days of ${name}`,
  });
  assert.deepEqual(strict.definition.parameters.properties.name, { type: 'string' });
  const checked = await outputs(
    { tools: [strict] },
    ['strict', '{"name":"Ulm"}'],
    ['strict', '{"name":1}'],
  );
  assert.equal(checked.answers.call_0, '3 days of Ulm');
  assert.match(JSON.parse(checked.answers.call_1).error, /^the arguments do not fit: name: /);
  const mute = { '~standard': { validate: () => ({ value: {} }) } };
  assert.throws(() => tool({ name: 'mute', parameters: mute, execute: () => {} }), TypeError);
});

test('a call that needs approval is not made without', async () => {
  let made = 0;
  const tools = [
    tool({
      name: 'pay',
      needsApproval: (call) => call.arguments !== '{}',
      execute: () => (made += 1) && 'paid',
    }),
  ];
  const approve = ({ arguments: text }) => (text.includes('5') ? true : 'too much');
  const { answers } = await outputs(
    { tools, approve },
    ['pay', '{"n":50}'],
    ['pay', '{"n":90}'],
    ['pay', '{}'],
  );
  assert.deepEqual(answers, { call_0: 'paid', call_1: '{"error":"too much"}', call_2: 'paid' });
  assert.equal(made, 2);
  const unasked = await outputs({ tools }, ['pay', '{"n":50}']);
  assert.deepEqual(unasked.answers, { call_0: '{"error":"the user did not approve"}' });
});

test('a request of an MCP server is approved by the same hook, or denied', async () => {
  for (const [approve, expected] of [
    [() => true, true],
    [async () => 'no', false],
    [undefined, false],
  ]) {
    const { rt, conversation } = staged({ approve });
    const item = {
      type: 'mcp_approval_request',
      id: 'ask_1',
      server_label: 'shop',
      name: 'buy',
      arguments: '{}',
    };
    rt.receives({
      type: 'response.output_item.done',
      response_id: 'resp_1',
      output_index: 0,
      item,
    });
    await until(() => rt.sent.length > 0);
    const [{ item: answer, previous_item_id }] = rt.sent;
    assert.deepEqual(
      [previous_item_id, answer.approval_request_id, answer.approve],
      ['ask_1', 'ask_1', expected],
    );
    conversation.close();
  }
});

test('no more tools run at a time than are allowed', async () => {
  let [running, most] = [0, 0];
  const release = [];
  const work = tool({
    name: 'work',
    async execute() {
      most = Math.max(most, (running += 1));
      await new Promise((resolve) => release.push(resolve));
      running -= 1;
    },
  });
  const { rt, conversation } = staged({ tools: [work], toolConcurrency: 2 });
  rt.took();
  for (let number = 0; number < 6; number += 1) {
    rt.receives(called('resp_1', `call_${number}`, 'work'));
  }
  for (let number = 0; number < 6; number += 1) {
    await until(() => release.length > 0);
    release.shift()();
  }
  await until(() => rt.sent.length === 6);
  assert.equal(most, 2);
  conversation.close();
});

test('a slow tool holds up nothing', async () => {
  let answer;
  const slow = tool({ name: 'slow', execute: () => new Promise((resolve) => (answer = resolve)) });
  const { rt, conversation } = staged({ tools: [slow] });
  conversation.say('Start.');
  const first = rt.sent.splice(0).at(-1);
  rt.receives(created('resp_1', first), called('resp_1', 'call_1', 'slow'), done('resp_1'));
  await until(() => answer);
  const meanwhile = conversation.say('Are you there?');
  const second = rt.sent.splice(0).at(-1);
  rt.receives(created('resp_2', second), done('resp_2', 'Meanwhile.'));
  assert.equal((await meanwhile).text, 'Meanwhile.');
  answer('finally');
  await until(() => rt.sent.length === 2);
  assert.deepEqual(rt.took(), ['conversation.item.create', 'response.create']);
  conversation.close();
});

test('calls beside the conversation are not answered in it', () => {
  const { rt, conversation, of } = staged({
    tools: [tool({ name: 'look', execute: () => 'seen' })],
  });
  conversation.respond({ conversation: 'none' });
  const request = rt.sent.at(-1);
  rt.receives(created('aside', request), called('aside', 'call_1', 'look'), done('aside'));
  assert.deepEqual(of('tool_start'), []);
  conversation.close();
});

test('the end of a session stops its tools', async () => {
  let stopped;
  const hang = tool({
    name: 'hang',
    execute: (_, { signal }) =>
      new Promise(() => signal.addEventListener('abort', () => (stopped = true))),
  });
  const { rt, conversation, of } = staged({ tools: [hang] });
  rt.receives(called('resp_1', 'call_1', 'hang'));
  await until(() => of('tool_start').length > 0);
  await new Promise((resolve) => setTimeout(resolve));
  rt.socket.ends(1006, '');
  assert.ok(stopped);
  assert.deepEqual(
    of('tool_lost').map(({ call_id }) => call_id),
    ['call_1'],
  );
  assert.deepEqual(of('close'), [1006]);
  assert.ok(conversation.isClosed);
});
