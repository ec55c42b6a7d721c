// One run of the npm package `openai`: node --expose-gc peer.mjs <node_modules> <bench> <base URL>
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const RUN = 2000;
const SESSIONS = 1000;
const DELTA_PCM = 9600;
const APPEND_PCM = 4800;

const [modules, bench, baseURL] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(resolve(modules, path)));
const { OpenAI } = await load('openai/index.mjs');
const { OpenAIRealtimeWS } = await load('openai/realtime/ws.mjs');

const client = new OpenAI({ apiKey: 'none', baseURL });
const open = async () => {
  const rt = new OpenAIRealtimeWS({ model: bench }, client);
  rt.on('error', fail);
  await new Promise((created) => rt.on('session.created', created));
  return rt;
};
const fail = (error) => {
  console.error(error);
  process.exit(1);
};
const report = (figure) => {
  console.log(figure);
  process.exit(0);
};

// Counts events until the run is over; looks at the clock now and then only.
let count = 0;
let started = 0;
const start = () => (started = performance.now());
const tick = () => ++count % 64 !== 0 || performance.now() - started < RUN;
const rate = () => (count / (performance.now() - started)) * 1000;

const resident = () => {
  gc();
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(line[1]) * 1024;
};

const benches = {
  async text_delta() {
    const rt = await open();
    rt.on('response.output_text.delta', (event) => {
      if (typeof event.delta !== 'string') fail('not a text delta');
      if (!tick()) report(rate());
    });
    start();
  },
  async audio_delta() {
    const rt = await open();
    rt.on('response.output_audio.delta', (event) => {
      if (Buffer.from(event.delta, 'base64').length !== DELTA_PCM) fail('not an audio delta');
      if (!tick()) report(rate());
    });
    start();
  },
  async append() {
    const rt = await open();
    const pcm = Buffer.from({ length: APPEND_PCM }, (_, index) => index);
    rt.on('input_audio_buffer.committed', (event) => {
      if (event.item_id !== `item_${count}`) fail('the server counted otherwise');
      report(rate());
    });
    const pump = () => {
      while (rt.socket.bufferedAmount < 1 << 20) {
        rt.send({ type: 'input_audio_buffer.append', audio: pcm.toString('base64') });
        if (!tick()) return rt.send({ type: 'input_audio_buffer.commit' });
      }
      setImmediate(pump);
    };
    start();
    pump();
  },
  async idle_session() {
    const sessions = [await open()];
    const before = resident();
    while (sessions.length <= SESSIONS) sessions.push(await open());
    report((resident() - before) / SESSIONS);
  },
};
benches[bench]().catch(fail);
