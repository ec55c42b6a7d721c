// The tools that lie among the npm packages of tests/node.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(new URL('../node/package.json', import.meta.url));

export const { build } = require('esbuild');
export const webpack = require('webpack');

/** A package without a form for `require`. */
const load = (name) => import(pathToFileURL(require.resolve(name)));

export const vite = await load('vite');
export const { publint } = await load('publint');
