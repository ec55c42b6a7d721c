// What a Rust app carries of ours that was compiled to wasm.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { builtPackage } from './project.mjs';

/** The names that JavaScript sees, without what wasm-bindgen itself and the linker put there. */
function exported(file) {
  const names = WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(file))).map(({ name }) => name);
  return names.filter((name) => !name.startsWith('__') && name !== 'memory');
}

test('without the feature `js`, it exports nothing to JavaScript', () => {
  assert.deepEqual(exported(process.env.WASM_WITHOUT_FEATURES), []);
  const packages = exported(join(builtPackage(), 'core.wasm'));
  assert.ok(packages.includes('socket_url'), `the package's own: ${packages}`);
});
