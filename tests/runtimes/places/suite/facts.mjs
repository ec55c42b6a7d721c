// Capabilities of this runtime's own `WebSocket`, found by trying. The README's table lists the
// same.

import { equal, next } from './harness.mjs';

/** A test that the README's row of this runtime is true. */
export const facts = {
  async the_readme_is_right_about_this_runtime({ open, row }) {
    const rt = open();
    await rt.emitted('session.created');
    const found = {
      // Azure's key has tried them.
      headers: row.headers,
      'close codes': await closeCodes(open),
      bufferedAmount: buffers(rt.socket),
      ping: yes(typeof rt.socket.ping === 'function'),
    };
    equal(row, found, 'the row');
  },
};

function yes(can) {
  return can ? 'yes' : 'no';
}

/**
 * Returns `yes` if `bufferedAmount` counts unsent bytes. More is sent than the system's buffers
 * take.
 */
function buffers(socket) {
  const event = JSON.stringify({ type: 'input_audio_buffer.append', audio: 'A'.repeat(8_000_000) });
  for (let sent = 0; sent < 16 && socket.bufferedAmount === 0; sent += 1) {
    socket.send(event);
  }
  return yes(socket.bufferedAmount > 0);
}

/** The standard lets a script close with 1000 and from 3000 to 4999 only. */
async function closeCodes(open) {
  const taken = [];
  for (const code of [1000, 1001, 1011, 3000, 4999]) {
    const rt = open();
    await rt.emitted('session.created');
    const closed = next(rt.socket, 'close');
    try {
      rt.socket.close(code);
      await closed;
      taken.push(code);
    } catch {
      rt.socket.close();
    }
  }
  return (
    { '1000,3000,4999': '1000, 3000–4999', '1000,1001,1011,3000,4999': 'any' }[taken] ?? `${taken}`
  );
}
