// Where wasm has to be compiled beforehand: Cloudflare Workers and Vercel's edge runtime. Both give the module, already
// compiled, for a file's name with `?module`.

import { initSync } from './core.js';
import module from './core.wasm?module';

initSync({ module });

export * from './index.js';
