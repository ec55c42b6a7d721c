// Opens and closes sessions in a page, as many as the server of the page says, and tells it what
// memory is in use.

/** The size of the core's memory: it makes a larger buffer when it grows. */
let core = 0;
globalThis.ArrayBuffer = class extends ArrayBuffer {
  constructor(length) {
    super(length);
    core = Math.max(core, length);
  }
};
const { OpenAIRealtimeWebSocket } = await import('./node_modules/openai-realtime-ws/index.js');

const { emulator, steps } = await (await fetch('/environment')).json();
const client = { apiKey: 'ek_test', baseURL: emulator };

/** A session from its beginning to its end; every other one is of the kind that reconnects. */
function round(number) {
  return new Promise((resolve, reject) => {
    const rt = new OpenAIRealtimeWebSocket(
      { model: 'gpt-realtime', reconnect: number % 2 === 0 },
      client,
    );
    rt.on('error', reject);
    rt.on('session.created', () => rt.close());
    rt.socket.addEventListener('close', resolve);
  });
}

async function inUse() {
  for (let turn = 0; turn < 5; turn += 1) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { script: performance.memory.usedJSHeapSize, core };
}

try {
  const seen = [];
  let done = 0;
  for (const rounds of steps) {
    while (done < rounds) {
      await Promise.all([round((done += 1)), round((done += 1))]);
    }
    seen.push(await inUse());
  }
  await fetch('/lines', { method: 'POST', body: JSON.stringify(seen) });
} catch (error) {
  await fetch('/lines', { method: 'POST', body: JSON.stringify(error.message) });
}
