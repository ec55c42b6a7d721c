// Contents of the npm package, and the verdict of the tools that check packages.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { builtPackage, makeProject, programs } from './project.mjs';
import { publint } from './tools.mjs';

const project = makeProject();
after(() => project.remove());

test('the package has these files, and no others', () => {
  assert.deepEqual(project.archive.files.map(({ path }) => path).sort(), [
    'LICENSE-APACHE',
    'LICENSE-MIT',
    'README.md',
    'conversation.cjs',
    'conversation.d.cts',
    'conversation.d.ts',
    'conversation.js',
    'events.d.cts',
    'events.d.ts',
    'index.cjs',
    'index.d.cts',
    'index.d.ts',
    'index.js',
    'package.json',
    'workerd.cjs',
    'workerd.d.cts',
    'workerd.d.ts',
    'workerd.js',
  ]);
});

test('its version is the crate’s', () => {
  const manifest = readFileSync(new URL('../../Cargo.toml', import.meta.url), 'utf8');
  const [, version] = /^name = "openai-realtime-ws"\nversion = "(.+)"$/m.exec(manifest);
  assert.equal(project.archive.version, version);
});

test('publint finds nothing', async () => {
  const { messages } = await publint({ pkgDir: builtPackage(), strict: true });
  assert.deepEqual(messages, []);
});

test('its types resolve wherever it does', () => {
  const options = ['--profile', 'node16', '--no-emoji', '--format', 'ascii'];
  execFileSync(
    join(programs, 'attw'),
    [...options, join(project.folder, project.archive.filename)],
    { stdio: 'pipe' },
  );
});
