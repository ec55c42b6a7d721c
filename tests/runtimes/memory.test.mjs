// Nothing is left of a session that is over: thousands of them, in one page of Chromium.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeProject } from './project.mjs';
import { startSite } from './site.mjs';
import { startBrowser } from './webdriver.mjs';

/** After so many sessions memory is looked at. */
const STEPS = [1000, 5500, 10_000];
/** Most bytes that a session may leave behind. The smallest leak would exceed it. */
const ALLOWED = 20;

test('ten thousand sessions leave the memory flat', { timeout: 600_000 }, async (context) => {
  const project = makeProject(fileURLToPath(new URL('rounds', import.meta.url)));
  const { promise, resolve } = Promise.withResolvers();
  const site = await startSite(project.folder, {
    '/environment': () => ({ emulator: process.env.EMULATOR_WSS_URL, steps: STEPS }),
    '/lines': resolve,
  });
  const browser = await startBrowser('chromium', (capabilities) => {
    capabilities['goog:chromeOptions'].args.push(
      'js-flags=--expose-gc',
      'enable-precise-memory-info',
    );
    return capabilities;
  });
  try {
    await browser.goTo(`${site.url}/rounds.mjs.page`);
    const seen = JSON.parse(await promise);
    assert.equal(seen.length, STEPS.length, String(seen));
    const [first, middle, last] = seen;
    context.diagnostic(
      `bytes in use: ${seen.map(({ script }) => script).join(', ')}; core: ${last.core}`,
    );
    assert.ok(first.core > 0);
    assert.equal(last.core, first.core, "the core's memory does not grow");
    const grown = (last.script - middle.script) / (STEPS[2] - STEPS[1]);
    assert.ok(grown < ALLOWED, `${grown} bytes a session: ${JSON.stringify(seen)}`);
  } finally {
    await browser.close();
    site.close();
    project.remove();
  }
});
