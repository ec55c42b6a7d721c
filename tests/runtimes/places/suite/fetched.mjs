// Sockets that `fetch` opens, on Cloudflare Workers: they send headers, and tell why a handshake
// was refused.

import { assert, equal, next } from './harness.mjs';

/** The tests of this class. */
export function fetched(FetchWebSocket) {
  const azure = { deploymentName: 'my-deployment', apiVersion: '2026-01-01' };
  return {
    /** Contracts 23 and 30. */
    async an_azure_key_is_a_header_by_fetch({ OpenAIRealtimeWebSocket, client, keep, emulator }) {
      const options = { WebSocket: FetchWebSocket };
      const rt = keep(
        await OpenAIRealtimeWebSocket.azure({ ...client('sk-test'), ...azure }, options),
      );
      equal(rt.socket.readyState, 0, 'the state');
      equal(rt.url.href, `${emulator}/realtime?model=my-deployment&api-key=%3CREDACTED%3E`);
      const { session } = await rt.emitted('session.created');
      equal(
        [session.model, rt.socket.protocol, rt.socket.readyState],
        ['my-deployment', 'realtime', 1],
      );
      const closed = next(rt.socket, 'close');
      rt.close({ code: 4001, reason: 'enough' });
      const { code, reason } = await closed;
      equal([code, reason, rt.socket.readyState], [4001, 'enough', 3]);
    },

    async protocols_travel_by_fetch({ open }) {
      const rt = open(undefined, { WebSocket: FetchWebSocket });
      await rt.emitted('session.created');
      equal(rt.socket.protocol, 'realtime');
    },

    /** Contract 54. */
    async a_refusal_is_told_by_fetch({ open }) {
      const rt = open('refuse=401', { WebSocket: FetchWebSocket });
      const closed = next(rt.socket, 'close');
      const error = await rt.emitted('error');
      equal(error.message, 'Unexpected server response: 401');
      assert(error.cause instanceof Error, `${error.cause}`);
      equal((await closed).code, 1006);
    },

    /** Contract 68. */
    async closing_before_it_is_open_by_fetch({ open }) {
      const rt = open('ignore', { WebSocket: FetchWebSocket });
      const failed = rt.emitted('error');
      const closed = next(rt.socket, 'close');
      rt.send({ type: 'response.create' });
      equal((await failed).message, 'could not send data');
      const failedAgain = rt.emitted('error');
      rt.close();
      equal(
        (await failedAgain).message,
        'WebSocket was closed before the connection was established',
      );
      equal((await closed).code, 1006);
    },

    async a_broken_connection_comes_back_by_fetch({ open, told }) {
      const rt = open('drop@1/refuse=503/ok', {
        WebSocket: FetchWebSocket,
        reconnect: true,
        reconnectInitialDelay: 20,
      });
      rt.on('error', () => {});
      await told(rt, 'session.created');
      const before = rt.socket;
      await told(rt, 'reconnected');
      assert(rt.socket !== before && rt.socket instanceof FetchWebSocket, 'a new socket');
      await told(rt, 'session.created');
    },
  };
}
