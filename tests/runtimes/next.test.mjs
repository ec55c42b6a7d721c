// The package in Next.js: a page, a route on Node and a route on the edge runtime, built by both of
// its bundlers.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { makeProject, programs } from './project.mjs';
import { startBrowser } from './webdriver.mjs';

const next = join(programs, '../next/dist/bin/next');
const emulator = process.env.EMULATOR_WSS_URL;

let browser;
before(async () => {
  browser = await startBrowser('chromium');
});
after(() => browser.close());

for (const bundler of ['webpack', 'turbopack']) {
  test(
    `Next.js builds it with ${bundler}, and its three routes talk`,
    { timeout: 300_000 },
    async () => {
      const project = makeProject(
        fileURLToPath(new URL('next', import.meta.url)),
        join(programs, '../..'),
      );
      // In a package of ES modules, Next.js 16.4 with webpack misses a file of its own for an edge
      // route.
      writeFileSync(join(project.folder, 'package.json'), '{}');
      const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' };
      const options = { cwd: project.folder, env, stdio: ['ignore', 'pipe', 'inherit'] };
      try {
        await ended(spawn(process.execPath, [next, 'build', `--${bundler}`], options));
        const server = spawn(
          process.execPath,
          [next, 'start', '--hostname', '127.0.0.1', '--port', '0'],
          options,
        );
        const closed = once(server, 'close');
        try {
          const url = await urlOf(server);
          for (const route of ['node', 'edge']) {
            const response = await fetch(`${url}/${route}`, { method: 'POST', body: emulator });
            assert.equal(await response.text(), 'You said: Hi', route);
          }
          await browser.goTo(`${url}/#${encodeURIComponent(emulator)}`);
          const reply = await browser.run(`
          const reply = document.getElementById('reply');
          while (!reply.textContent) {
            const changes = { subtree: true, childList: true, characterData: true };
            await new Promise((resolve) => new MutationObserver(resolve).observe(reply, changes));
          }
          return reply.textContent;
        `);
          assert.equal(reply, 'You said: Hi');
        } finally {
          server.kill();
          await closed;
        }
      } finally {
        project.remove();
      }
    },
  );
}

/** Resolves when the process has ended well; what it printed is in the error if it has not. */
async function ended(child) {
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  const [code] = await once(child, 'close');
  assert.equal(code, 0, output);
}

async function urlOf(server) {
  for await (const line of createInterface({ input: server.stdout })) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    if (url) {
      server.stdout.resume();
      return url;
    }
  }
  throw new Error('Next.js did not start');
}
