/**
 * A `WebSocket` for Cloudflare Workers that sends headers with its handshake. Its error event says
 * why the server refused.
 */
export declare class FetchWebSocket extends EventTarget {
  readonly url: string;
  /** The subprotocol that the server selected. */
  readonly protocol: string;
  readonly binaryType: 'arraybuffer';
  readonly readyState: number;

  constructor(
    url: string | URL,
    endpoint?: string[] | { protocols?: string[]; headers?: Record<string, string> },
  );

  /** Sends text or bytes; throws before the socket is open. */
  send(data: string | ArrayBuffer | ArrayBufferView): void;
  /** Closes the connection, or stops opening it. */
  close(code?: number, reason?: string): void;
}
