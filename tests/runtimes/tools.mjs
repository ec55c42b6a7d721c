// The tools that lie among the npm packages of tests/node.

import { createRequire } from 'node:module';

const require = createRequire(new URL('../node/package.json', import.meta.url));

export const { build } = require('esbuild');
