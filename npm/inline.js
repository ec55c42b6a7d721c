// Wherever wasm may be compiled at run time: pages, their workers, Node, Deno, Bun, and all bundlers. The wasm lies in
// this script, so that there is no file to find, to serve or to wait for: the class works right after `import`.

import { initSync } from './core.js';
import module from './core_bg.wasm';

initSync({ module });

export * from './index.js';
