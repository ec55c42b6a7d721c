// The examples in JavaScript, run as their first lines say, against the emulator.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeProject, programs } from './project.mjs';
import { startWorker } from './workerd.mjs';

const project = makeProject();
after(() => project.remove());
for (const name of ['relay.js', 'node', 'deno', 'bun', 'cloudflare-worker']) {
  const example = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
  cpSync(example, join(project.folder, name), { recursive: true });
}
// It names the published package, in the place of the one that is tested.
rmSync(join(project.folder, 'deno/deno.json'));
for (const name of ['ws', 'openai']) {
  symlinkSync(join(programs, '..', name), join(project.folder, 'node_modules', name));
}

const service = {
  OPENAI_API_KEY: 'sk-test',
  OPENAI_BASE_URL: process.env.EMULATOR_WSS_URL.replace(/^wss/, 'https'),
};
const ORIGIN = 'https://example.com';
const env = { ...process.env, ...service, PORT: '0', ORIGINS: `https://example.org,${ORIGIN}` };

const relays = {
  node: () => startProcess('node', process.execPath, 'relay.js'),
  deno: () =>
    startProcess('deno', join(programs, 'deno'), 'run', '--allow-env', '--allow-net', 'relay.js'),
  bun: () => startProcess('bun', join(programs, 'bun'), 'relay.js'),
  'cloudflare-worker': async () => {
    const worker = await startWorker(join(project.folder, 'cloudflare-worker/worker.js'), {
      ...service,
      ORIGINS: env.ORIGINS,
    });
    return { ...worker, url: worker.url.replace(/^http/, 'ws') };
  },
};

async function startProcess(folder, program, ...options) {
  const child = spawn(program, options, {
    cwd: join(project.folder, folder),
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  const close = async () => {
    child.kill();
    await exit;
  };
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /^relay at (.+)$/.exec(line) ?? [];
    if (url) {
      child.stdout.resume();
      return { url, close };
    }
  }
  throw new Error(`the relay of ${folder} did not start`);
}

for (const [name, start] of Object.entries(relays)) {
  test(`the relay on ${name}`, async () => {
    const relay = await start();
    try {
      // No key: that is the relay's.
      for (const headers of [{}, { origin: 'https://example.net' }]) {
        const [{ code }] = await once(new WebSocket(relay.url, { headers }), 'close');
        assert.equal(code, 1006, 'another page may not connect');
      }
      await breakFrame(relay.url);
      const page = new WebSocket(relay.url, { headers: { origin: ORIGIN } });
      const send = (event) => page.send(JSON.stringify(event));
      page.addEventListener('open', () => {
        send({
          type: 'session.update',
          session: { type: 'realtime', output_modalities: ['text'] },
        });
        const content = [{ type: 'input_text', text: 'Hi' }];
        send({
          type: 'conversation.item.create',
          item: { type: 'message', role: 'user', content },
        });
        send({ type: 'response.create' });
      });
      const events = [];
      const reply = await new Promise((resolve) => {
        page.addEventListener('message', ({ data }) => {
          const event = JSON.parse(data);
          events.push(event.type);
          if (event.type === 'response.output_text.done') {
            resolve(event.text);
          }
        });
      });
      assert.equal(reply, 'You said: Hi');
      assert.equal(events[0], 'session.created');
      page.send('no event');
      const [{ code, reason }] = await once(page, 'close');
      assert.deepEqual([code, reason], [4400, 'invalid event']);
    } finally {
      await relay.close();
    }
  });
}

/** Connects, sends a frame that no endpoint may send, and waits for the end. */
async function breakFrame(url) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.write(
    `GET / HTTP/1.1\r\nHost: ${hostname}:${port}\r\nOrigin: ${ORIGIN}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  const [answer] = await once(socket, 'data');
  assert.match(String(answer), /^HTTP\/1\.1 101 /);
  socket.resume();
  // Reserved bits, no text: six bytes.
  socket.end(Buffer.from([0xf1, 0x80, 0, 0, 0, 0]));
  await once(socket, 'close');
}

test('the agent', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(project.folder, 'node/agent.js')],
    { env },
  );
  const [reply, count] = stdout.split('\n').slice(2);
  assert.match(stdout, /^\[weather\] {"city":"Ulm","celsius":21}$/m);
  assert.match(stdout, /^\[time\] It is noon in Ulm\.$/m);
  assert.match(reply, /^The function answered: /);
  assert.equal(count, '2 responses');
});

test('the same conversation, with the import changed', async () => {
  const ours = join(project.folder, 'node/conversation.js');
  const theirs = join(project.folder, 'node/official.js');
  const text = readFileSync(ours, 'utf8');
  const changed = text.replace(`from 'openai-realtime-ws'`, `from 'openai/realtime/websocket'`);
  assert.notEqual(changed, text);
  writeFileSync(theirs, changed);
  const run = async (script) =>
    (await promisify(execFile)(process.execPath, [script], { env })).stdout;
  const output = await run(ours);
  assert.match(
    output,
    /^connected\na session of type realtime\n(\+ .+\n)+= You said: Tell me of the sea\.\nclosed: 1000\n$/,
  );
  assert.equal(await run(theirs), output);
});
