// The package in bundles, made without configuration for it. Each bundle is loaded in Chromium, in
// a page whose policy allows neither wasm nor `eval`.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeProject } from './project.mjs';
import { startSite } from './site.mjs';
import { build, vite, webpack } from './tools.mjs';
import { startBrowser } from './webdriver.mjs';

/** Each makes a bundle of a project, and gives the path of the page that runs it. */
const bundlers = {
  async esbuild(root) {
    const entryPoints = [join(root, 'app.js')];
    await build({
      entryPoints,
      bundle: true,
      format: 'esm',
      minify: true,
      outfile: join(root, 'esbuild/app.js'),
    });
    return '/esbuild/app.js.page';
  },
  async vite(root) {
    await vite.build({ root, base: './', logLevel: 'warn', build: { outDir: 'vite' } });
    return '/vite/index.html';
  },
  async webpack(root) {
    const stats = await new Promise((resolve, reject) => {
      const options = {
        mode: 'production',
        context: root,
        entry: './app.js',
        output: { path: join(root, 'webpack') },
      };
      webpack(options, (error, result) => (error ? reject(error) : resolve(result)));
    });
    assert.ok(!stats.hasErrors(), stats.toString());
    return '/webpack/main.js.page';
  },
};

const POLICY = "default-src 'none'; script-src 'self'; connect-src *";

let browser;
before(async () => {
  browser = await startBrowser('chromium');
});
after(() => browser.close());

for (const [name, bundle] of Object.entries(bundlers)) {
  test(`${name} bundles it`, async () => {
    const project = makeProject(fileURLToPath(new URL('bundled', import.meta.url)));
    const { promise, resolve } = Promise.withResolvers();
    const site = await startSite(
      project.folder,
      {
        '/environment': () => ({ emulator: process.env.EMULATOR_WSS_URL }),
        '/lines': resolve,
      },
      POLICY,
    );
    try {
      await browser.goTo(site.url + (await bundle(project.folder)));
      assert.equal(await promise, 'You said: Hi, You said: Hello');
    } finally {
      site.close();
      project.remove();
    }
  });
}
