// The declarations: what types/ says of them compiles, and what it says is wrong does not.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

for (const [name, project] of [
  ['right code compiles, and wrong code does not', 'types/tsconfig.json'],
  ["code of the official SDK's compiles", 'types/tsconfig.sdk.json'],
]) {
  test(name, { timeout: 300_000 }, async () => {
    const compiler = path('../node/node_modules/typescript/bin/tsc');
    const complaints = await new Promise((resolve) => {
      execFile(process.execPath, [compiler, '-p', path(project)], (error, stdout) =>
        resolve(stdout || String(error ?? '')),
      );
    });
    assert.equal(complaints, '');
  });
}
