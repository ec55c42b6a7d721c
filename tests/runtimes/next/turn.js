// A turn in text with the emulator.

import { OpenAIRealtimeWebSocket } from 'openai-realtime-ws';

/** Resolves to the reply's text. */
export async function turn(baseURL) {
  const rt = new OpenAIRealtimeWebSocket(
    { model: 'gpt-realtime-2.1' },
    { apiKey: 'ek_test', baseURL },
  );
  await rt.emitted('session.created');
  rt.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
  const content = [{ type: 'input_text', text: 'Hi' }];
  rt.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
  rt.send({ type: 'response.create' });
  const { text } = await rt.emitted('response.output_text.done');
  rt.close();
  return text;
}
