// Declarations of sockets by `fetch`.

import { OpenAIRealtimeWebSocket } from 'openai-realtime-ws';
import { FetchWebSocket } from 'openai-realtime-ws/workerd';

const client = { apiKey: 'key', baseURL: 'https://example.com/', deploymentName: 'deployment' };

export async function sessions(): Promise<void> {
  const rt = await OpenAIRealtimeWebSocket.azure(client, {
    deploymentName: 'another',
    WebSocket: FetchWebSocket,
  });
  rt.close();
  new OpenAIRealtimeWebSocket({ model: 'gpt-realtime', WebSocket: FetchWebSocket }, client).close();
  // @ts-expect-error A class is needed, and not a function.
  new OpenAIRealtimeWebSocket({ model: 'gpt-realtime', WebSocket: () => {} }, client);
}
