// The package in both module formats, where wasm cannot be had, in Jest and in Next.js.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { makeProject, programs } from './project.mjs';

const project = makeProject(fileURLToPath(new URL('formats', import.meta.url)));
after(() => project.remove());

const run = promisify(execFile);
const ws = pathToFileURL(join(programs, '../ws/wrapper.mjs')).href;

for (const [name, ...parameters] of [
  ['an ES module', 'turn.mjs'],
  ['CommonJS', 'turn.cjs'],
  // Node's own WebSocket needs wasm.
  ['Node without wasm', '--jitless', 'turn.mjs', ws],
]) {
  test(`${name} holds a conversation`, async () => {
    const { stdout } = await run(process.execPath, parameters, { cwd: project.folder });
    assert.equal(stdout, 'You said: Hi\nYou said: Hello\n');
  });
}

test('Jest runs it without flags', async () => {
  const jest = join(programs, '../jest/bin/jest.js');
  const { stderr } = await run(process.execPath, [jest, '--ci'], { cwd: project.folder });
  assert.match(stderr, /Tests: +1 passed, 1 total/);
});
