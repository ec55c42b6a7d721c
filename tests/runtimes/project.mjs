// A project that has installed the npm package as it would be published.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The folder of the tools, such as esbuild. */
export const programs = join(here, '../node/node_modules/.bin');

/**
 * Makes the project below a folder, with the files of another if one is named, until `remove()`.
 */
export function makeProject(files, parent = tmpdir()) {
  const folder = mkdtempSync(join(parent, 'realtime-project-'));
  const installed = join(folder, 'node_modules/openai-realtime-ws');
  mkdirSync(installed, { recursive: true });
  const [archive] = pack(folder);
  execFileSync('tar', [
    'xzf',
    join(folder, archive.filename),
    '-C',
    installed,
    '--strip-components=1',
  ]);
  if (files) {
    cpSync(files, folder, { recursive: true });
  }
  const manifest = { type: 'module', dependencies: { 'openai-realtime-ws': archive.version } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  return { folder, archive, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Packs the package that `cargo xtask wasm` has built, and tells what is in it. */
function pack(destination) {
  const output = execFileSync(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', destination],
    {
      cwd: builtPackage(),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  return Object.values(JSON.parse(output));
}

/** Returns the folder of the package that `cargo xtask wasm` built. */
export function builtPackage() {
  const folder = process.env.JS_PACKAGE;
  if (!folder || !readdirSync(folder).includes('package.json')) {
    throw new Error('JS_PACKAGE names the folder of the built package; `cargo xtask test` sets it');
  }
  return folder;
}
