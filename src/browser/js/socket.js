// The runtimes' own `WebSocket`, and where they differ.

const LONGEST_REASON = 123;

/** A socket of this class, with these arguments. */
export function makeSocket(WebSocket, endpoint) {
  const socket = new WebSocket(...endpoint);
  // What arrives in binary is text, too; some runtimes would give a `Blob`, which cannot be read at once.
  socket.binaryType = 'arraybuffer';
  tellOfItsEnd(socket);
  return socket;
}

/** Node 22 reports that a connection could not be opened, and not that it is therefore closed. */
function tellOfItsEnd(socket) {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  socket.addEventListener('open', settle);
  socket.addEventListener('close', settle);
  socket.addEventListener('error', () => {
    // Where the close follows, it does so in the same task.
    setTimeout(() => {
      if (!settled) {
        socket.dispatchEvent(Object.assign(new Event('close'), { code: 1006, reason: '', wasClean: false }));
      }
    });
  });
}

/** Closes a socket; throws where no close frame can say this. Cloudflare's would send it, and break off. */
export function closeSocket(socket, code, reason) {
  if (code > 1015 && code < 3000) {
    throw new DOMException(`Invalid WebSocket close code: ${code}.`, 'InvalidAccessError');
  }
  if (new TextEncoder().encode(reason).length > LONGEST_REASON) {
    throw new DOMException(`A WebSocket close reason is at most ${LONGEST_REASON} bytes long.`, 'SyntaxError');
  }
  socket.close(code, reason);
}
