// Sockets of the runtime's own `WebSocket`, and the differences between runtimes.

const LONGEST_REASON = 123;

/** Reasons for a failed open, by socket, in runtimes whose error event has none. */
const causes = new WeakMap();

/** Advice about a failed open, by socket; forgotten once the socket is open. */
const hints = new WeakMap();

/** Opens a socket of this class. `hint` ends the message if it cannot be opened. */
export function makeSocket(WebSocket, endpoint, hint) {
  const socket = new WebSocket(...endpoint);
  // Binary frames are text, too; a `Blob`, the default of some runtimes, could not be read at once.
  socket.binaryType = 'arraybuffer';
  if (hint) {
    hints.set(socket, hint);
    socket.addEventListener('open', () => hints.delete(socket));
  }
  askNode(socket, endpoint[0]);
  reportClose(socket);
  return socket;
}

/** Channels on which Node's `fetch`, which also opens sockets, publishes answers and failures. */
const CHANNELS = ['undici:request:headers', 'undici:request:error'];

function diagnostics() {
  try {
    return globalThis.process?.getBuiltinModule?.('node:diagnostics_channel');
  } catch {
    // The edge runtime of Next.js throws for every function of Node.
    return undefined;
  }
}

/** Notes why an open fails on Node, whose error event does not say. */
function askNode(socket, url) {
  const channels = diagnostics();
  if (!channels?.subscribe) {
    return;
  }
  const { origin, pathname, search } = new URL(url.replace(/^ws/, 'http'));
  const listener = ({ request, response, error }) => {
    const failed =
      error ??
      (response?.statusCode !== 101 &&
        new Error(`Unexpected server response: ${response?.statusCode}`));
    if (failed && `${request.origin}${request.path}` === origin + pathname + search) {
      causes.set(socket, failed);
    }
  };
  const stop = () => CHANNELS.forEach((channel) => channels.unsubscribe(channel, listener));
  CHANNELS.forEach((channel) => channels.subscribe(channel, listener));
  for (const name of ['open', 'error', 'close']) {
    socket.addEventListener(name, stop, { once: true });
  }
}

/**
 * Returns words and cause of a socket's error event. Runtimes give an error, a message, both, or
 * nothing (contract 53).
 */
export function explain(socket, { error, message }) {
  const cause = causes.get(socket) ?? error;
  const candidates = [causes.get(socket)?.message, message, error?.message];
  const words = candidates.find((text) => typeof text === 'string' && text !== '');
  const hint = hints.get(socket);
  return { words: hint ? `${words ?? 'unknown error'}; ${hint}` : words, cause };
}

/** Dispatches the close event that Node 22 leaves out when a connection could not be opened. */
function reportClose(socket) {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  socket.addEventListener('open', settle);
  socket.addEventListener('close', settle);
  socket.addEventListener('error', () => {
    // Other runtimes dispatch the close event in the same task as the error.
    setTimeout(() => {
      if (!settled) {
        socket.dispatchEvent(
          Object.assign(new Event('close'), { code: 1006, reason: '', wasClean: false }),
        );
      }
    });
  });
}

/**
 * Closes a socket; throws if no close frame can say this. Cloudflare's would send it, and break the
 * connection.
 */
export function closeSocket(socket, code, reason) {
  if (code > 1015 && code < 3000) {
    throw new DOMException(`Invalid WebSocket close code: ${code}.`, 'InvalidAccessError');
  }
  if (new TextEncoder().encode(reason).length > LONGEST_REASON) {
    throw new DOMException(
      `A WebSocket close reason is at most ${LONGEST_REASON} bytes long.`,
      'SyntaxError',
    );
  }
  socket.close(code, reason);
}
