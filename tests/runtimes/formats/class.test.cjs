// A test in Jest, which loads CommonJS unless it is told otherwise.

const { OpenAIError, OpenAIRealtimeWebSocket } = require('openai-realtime-ws');

test('the class refuses a key that is none', () => {
  const open = () =>
    new OpenAIRealtimeWebSocket({ model: 'm' }, { apiKey: 'a b', baseURL: 'https://example.com' });
  expect(open).toThrow(OpenAIError);
});
