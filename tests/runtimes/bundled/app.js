// A page's script, for bundlers: says something to the emulator, and tells the server of the page
// what came back.

import { OpenAIRealtimeWebSocket } from 'openai-realtime-ws';
import { Conversation } from 'openai-realtime-ws/conversation';

const { emulator } = await (await fetch('/environment')).json();
const rt = new OpenAIRealtimeWebSocket(
  { model: 'gpt-realtime' },
  { apiKey: 'ek_test', baseURL: emulator },
);
await rt.emitted('session.created');
rt.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
rt.send({
  type: 'conversation.item.create',
  item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
});
rt.send({ type: 'response.create' });
const { response } = await rt.emitted('response.done');
const [{ text }] = response.output[0].content;
const conversation = new Conversation(rt);
const { text: reply } = await conversation.say('Hello');
conversation.close();
await fetch('/lines', { method: 'POST', body: `${text}, ${reply}` });
