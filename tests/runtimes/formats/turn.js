// The turn itself, with the classes that it is given.

/** A session in the emulator. */
function open(OpenAIRealtimeWebSocket, options) {
  const client = { apiKey: 'ek_test', baseURL: process.env.EMULATOR_WSS_URL };
  return new OpenAIRealtimeWebSocket({ model: 'gpt-realtime-2.1', ...options }, client);
}

/** Resolves to the reply's text, by the conversation layer. */
export async function talk(OpenAIRealtimeWebSocket, Conversation, options) {
  const conversation = new Conversation(open(OpenAIRealtimeWebSocket, options), {
    session: { output_modalities: ['text'] },
  });
  const { text } = await conversation.say('Hello');
  conversation.close();
  return text;
}

/** Resolves to the reply's text. */
export async function turn(OpenAIRealtimeWebSocket, options) {
  const rt = open(OpenAIRealtimeWebSocket, options);
  await rt.emitted('session.created');
  rt.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
  const content = [{ type: 'input_text', text: 'Hi' }];
  rt.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
  rt.send({ type: 'response.create' });
  const { text } = await rt.emitted('response.output_text.done');
  rt.close();
  return text;
}
