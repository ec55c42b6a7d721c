// Runs the suite in one place: `node run.mjs PLACE`. `cargo xtask test` does so, and says in the
// environment where the package, the emulator and the browsers' drivers are.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { within } from './places/suite/harness.mjs';
import { makeProject, programs } from './project.mjs';
import { readmeRow } from './readme.mjs';
import { startSite } from './site.mjs';
import { startBrowser } from './webdriver.mjs';
import { startWorker } from './workerd.mjs';

/** Time limit of the whole suite in a browser, in milliseconds. */
const LIMIT = 300_000;

const chromium = { runtime: 'Chromium', run: inBrowser, browser: 'chromium' };

/** Each place: the README's name of its runtime, and how the suite runs in it. */
const PLACES = {
  page: chromium,
  worker: chromium,
  shared: chromium,
  service: chromium,
  firefox: { runtime: 'Firefox', run: inBrowser, browser: 'firefox' },
  node: { runtime: 'Node 24 and 22', run: onServer, command: [process.execPath] },
  node22: {
    runtime: 'Node 24 and 22',
    run: onServer,
    command: [join(programs, '../node22/bin/node')],
  },
  deno: {
    runtime: 'Deno',
    run: onServer,
    command: [join(programs, 'deno'), 'run', '--quiet', '--allow-env', '--allow-net'],
  },
  bun: { runtime: 'Bun', run: onServer, command: [join(programs, 'bun')] },
  workerd: { runtime: 'Cloudflare Workers', run: inWorkerd },
};

const [, , name] = process.argv;
const place = PLACES[name];
const row = readmeRow(place.runtime);
const environment = {
  place: name,
  emulator: process.env.EMULATOR_WSS_URL,
  isBrowser: place.run === inBrowser,
  takesHeaders: row.headers === 'yes',
  row,
};
const project = makeProject(fileURLToPath(new URL('places', import.meta.url)));
let report = '';
try {
  await place.run();
} finally {
  project.remove();
}
process.exitCode = / 0 failed;\s*$/.test(report) ? 0 : 1;

function tell(lines) {
  report += `${lines}\n`;
  console.log(lines);
}

async function onServer() {
  const [program, ...options] = place.command;
  const child = spawn(program, [...options, 'server.mjs'], {
    cwd: project.folder,
    env: { ...process.env, ENVIRONMENT: JSON.stringify(environment) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  for await (const line of createInterface({ input: child.stdout })) {
    tell(line);
  }
  await closed;
}

async function inBrowser() {
  let finished;
  const end = new Promise((resolve) => (finished = resolve));
  const site = await startSite(project.folder, {
    '/environment': () => environment,
    '/lines'(lines) {
      tell(lines);
      if (lines.includes('test result: ')) {
        finished();
      }
    },
  });
  const browser = await startBrowser(place.browser);
  try {
    await browser.goTo(`${site.url}/page.mjs.page#${name === 'firefox' ? 'page' : name}`);
    await within(LIMIT, end);
  } finally {
    await browser.close();
    site.close();
  }
}

async function inWorkerd() {
  const worker = await startWorker(join(project.folder, 'workerd.mjs'));
  try {
    const response = await fetch(worker.url, { method: 'POST', body: JSON.stringify(environment) });
    tell(await response.text());
  } finally {
    await worker.close();
  }
}
