// A Realtime server for Node that knows no more than the scripted rows ask for. It is the body of a
// function that gets `key`, the only one that is let in, and `listening`, which is called with the
// port. It returns what it saw and a way to stop it.
const { createServer } = process.getBuiltinModule('node:http');
const { createHash } = process.getBuiltinModule('node:crypto');

const TEXT = 1,
  CLOSE = 8;

function frame(opcode, payload) {
  const long = payload.length > 125;
  const head = Buffer.alloc(long ? 4 : 2);
  head[0] = 0x80 | opcode;
  head[1] = long ? 126 : payload.length;
  if (long) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}

// The first frame in the bytes: its opcode, its payload, and the bytes behind it.
function parse(bytes) {
  if (bytes.length < 2) return;
  const short = bytes[1] & 0x7f;
  const start = short === 126 ? 4 : 2;
  if (bytes.length < start) return;
  const length = short === 126 ? bytes.readUInt16BE(2) : short;
  const end = start + 4 + length;
  if (bytes.length < end) return;
  const mask = bytes.subarray(start, start + 4);
  const payload = Buffer.from(bytes.subarray(start + 4, end).map((byte, i) => byte ^ mask[i % 4]));
  return { opcode: bytes[0] & 0x0f, payload, rest: bytes.subarray(end) };
}

function serve(socket) {
  const send = (event) => socket.write(frame(TEXT, Buffer.from(JSON.stringify(event))));
  const close = (code, reason) => {
    const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
    payload.writeUInt16BE(code);
    payload.write(reason, 2);
    socket.end(frame(CLOSE, payload));
  };
  const say = (text) => {
    if (text) send({ type: 'response.output_text.delta', delta: text });
    const item = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] };
    send({ type: 'response.done', response: { status: 'completed', output: [item] } });
  };
  let said = '';
  const receive = {
    'session.update': ({ session }) => send({ type: 'session.updated', session }),
    'conversation.item.create': ({ item }) => {
      said = item.content[0].text;
    },
    'response.create': () => {
      switch (said) {
        case 'Send a bad frame.':
          socket.write(frame(TEXT, Buffer.from('{"type":')));
          return say('');
        case 'Hang up.':
          return close(4000, 'enough for today');
        case 'Restart.':
          return close(1012, 'service restart');
        case 'Pull the plug.':
          return socket.destroy();
        default:
          return say(`You said: ${said}`);
      }
    },
  };
  send({ type: 'session.created', session: { type: 'realtime' } });
  let bytes = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (data) => {
    bytes = Buffer.concat([bytes, data]);
    for (let message; (message = parse(bytes));) {
      bytes = message.rest;
      if (message.opcode === CLOSE) socket.end(frame(CLOSE, message.payload));
      if (message.opcode !== TEXT) continue;
      const event = JSON.parse(message.payload);
      receive[event.type](event);
    }
  });
}

const requests = [];
const sockets = new Set();
const server = createServer();
server.on('upgrade', (request, socket) => {
  sockets.add(socket);
  const { url, headers } = request;
  requests.push({ url, ...headers });
  const offers = (headers['sec-websocket-protocol'] ?? '').split(', ');
  if (!offers.includes(`openai-insecure-api-key.${key}`) && headers['api-key'] !== key) {
    socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  const accept = createHash('sha1')
    .update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    [
      'HTTP/1.1 101 Switching Protocols',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Protocol: realtime',
      `Sec-WebSocket-Accept: ${accept}`,
      '\r\n',
    ].join('\r\n'),
  );
  serve(socket);
});
server.listen(0, '127.0.0.1', () => listening(server.address().port));

return {
  requests,
  stop() {
    server.close();
    for (const socket of sockets) socket.destroy();
  },
};
