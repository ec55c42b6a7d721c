// Our class, the official SDK's, and the crate's own session in wasm, against one another: `node
// run.mjs BASE_URL RUNS`. `cargo xtask bench js` starts it, and says in the environment where what
// it measures lies.

import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startSite } from '../../tests/runtimes/site.mjs';
import { build } from '../../tests/runtimes/tools.mjs';
import { startBrowser } from '../../tests/runtimes/webdriver.mjs';
import { byClass, contest, EVENTS } from './contest.mjs';

const [baseURL, runs] = process.argv.slice(2);
const { JS_PACKAGE, NODE_MODULES, TYPED } = process.env;
const ours = join(JS_PACKAGE, 'index.js');
const official = join(NODE_MODULES, 'openai/realtime/websocket.mjs');
const load = (path) => import(pathToFileURL(path));

const GOALS = { ours: 1.0, typed: 0.8 };

function print(where, bench, figures) {
  for (const [name, goal] of Object.entries(GOALS)) {
    const ratio = figures[name] / figures.official;
    const numbers = [figures[name], figures.official]
      .map((figure) => String(figure).padStart(10))
      .join('  ');
    console.log(
      `${where.padEnd(9)}  ${bench.padEnd(12)}  ${name.padEnd(6)}  ${numbers}  ${ratio.toFixed(2).padStart(6)}  at least ${goal.toFixed(2)}`,
    );
  }
}

function processorMillis() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** In Node figures are by the processor's time, in the page by the clock's. */
async function inNode() {
  const typed = await load(join(TYPED, 'typed.js'));
  await typed.default({ module_or_path: readFileSync(join(TYPED, 'typed_bg.wasm')) });
  const contestants = {
    official: byClass((await load(official)).OpenAIRealtimeWebSocket, baseURL),
    ours: byClass((await load(ours)).OpenAIRealtimeWebSocket, baseURL),
    typed: (bench, millis) => typed.count_events(baseURL, bench, millis),
  };
  for (const bench of Object.keys(EVENTS)) {
    print('Node', bench, await contest(contestants, bench, Number(runs), processorMillis));
  }
}

async function inChromium() {
  const folder = mkdtempSync(join(tmpdir(), 'realtime-bench-'));
  await build({
    entryPoints: [fileURLToPath(new URL('page.mjs', import.meta.url))],
    outfile: join(folder, 'page.js'),
    bundle: true,
    format: 'esm',
    alias: {
      'openai/realtime/websocket': official,
      'openai-realtime-ws': ours,
      typed: join(TYPED, 'typed.js'),
    },
    logLevel: 'error',
  });
  copyFileSync(join(TYPED, 'typed_bg.wasm'), join(folder, 'typed_bg.wasm'));
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));
  const site = await startSite(folder, {
    '/figures'(text) {
      const told = JSON.parse(text);
      told ? print('Chromium', told.bench, told.figures) : finish();
    },
  });
  const browser = await startBrowser('chromium');
  try {
    const hash = encodeURIComponent(JSON.stringify({ baseURL, runs: Number(runs) }));
    await browser.goTo(`${site.url}/page.js.page#${hash}`);
    await finished;
  } finally {
    await browser.close();
    site.close();
    rmSync(folder, { recursive: true });
  }
}

console.log(
  `${'where'.padEnd(9)}  ${'bench'.padEnd(12)}  whose   ${'ours'.padStart(10)}  ${'official'.padStart(10)}   ratio  goal`,
);
await inNode();
await inChromium();
process.exit();
