// The conversation layer over each class that it is made for, with the emulator: ours, and the
// official SDK's two.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenAIRealtimeWS } from '../node/node_modules/openai/realtime/ws.mjs';
import { emulatorClient } from '../node/emulator.mjs';
import { layer, officialClass, ourPackage } from './classes.mjs';

const { Conversation, tool } = layer;

const CLASSES = {
  'our class': ourPackage.OpenAIRealtimeWebSocket,
  "the SDK's class for browsers": officialClass,
  "the SDK's class for Node": OpenAIRealtimeWS,
};

for (const [name, Class] of Object.entries(CLASSES)) {
  test(`a conversation over ${name}`, async () => {
    const props = {
      model: 'gpt-realtime',
      dangerouslyAllowBrowser: true,
      reconnect: true,
      reconnectInitialDelay: 20,
    };
    const conversation = new Conversation(new Class(props, emulatorClient()), {
      session: { output_modalities: ['text'] },
      tools: [tool({ name: 'weather', execute: () => 'sunny' })],
    });
    const ended = new Promise((resolve) => conversation.on('close', resolve));
    conversation.on('error', () => {});
    assert.equal((await conversation.say('Hello')).text, 'You said: Hello');
    const replies = [];
    const spoken = new Promise((resolve) =>
      conversation.on('response', ({ text }) => replies.push(text) === 2 && resolve()),
    );
    conversation.say('How is the weather?');
    await spoken;
    assert.deepEqual(replies, ['', 'The function answered: sunny']);
    // The connection breaks, and what was said is put into the next session.
    await assert.rejects(conversation.say('Pull the plug.'), { reason: 'connection_lost' });
    assert.equal((await conversation.say('Are you there?')).text, 'You said: Are you there?');
    const first = conversation.history[0].id;
    const { item } = await conversation.request({
      type: 'conversation.item.retrieve',
      item_id: first,
    });
    assert.equal(item.content[0].text, 'Hello');
    conversation.close();
    await ended;
    assert.ok(conversation.isClosed);
  });
}
