// Exports of the crate to JavaScript, in wasm.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { builtPackage } from './project.mjs';

/** Returns the exported names, without those of wasm-bindgen and the linker. */
function exported(file) {
  const names = WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(file))).map(
    ({ name }) => name,
  );
  return names.filter((name) => !name.startsWith('__') && name !== 'memory');
}

test('without the feature `js`, it exports nothing to JavaScript', () => {
  assert.deepEqual(exported(process.env.WASM_WITHOUT_FEATURES), []);
  // The core of the npm package, before it became JavaScript.
  const packages = exported(join(builtPackage(), '../npm-parts/core/small.wasm'));
  assert.ok(packages.includes('socket_url'), `the package's own: ${packages}`);
});
