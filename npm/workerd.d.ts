/** A `WebSocket` for Cloudflare Workers that sends headers with its handshake, and tells why one was refused. */
export declare class FetchWebSocket extends EventTarget {
  readonly url: string;
  /** The subprotocol that the server chose. */
  readonly protocol: string;
  readonly binaryType: 'arraybuffer';
  readonly readyState: number;

  constructor(url: string | URL, endpoint?: string[] | { protocols?: string[]; headers?: Record<string, string> });

  /** Sends text or bytes; throws before the socket is open. */
  send(data: string | ArrayBuffer | ArrayBufferView): void;
  /** Closes the connection, or gives its attempt up. */
  close(code?: number, reason?: string): void;
}
