// The project lies below the folder that has Next.js itself.
import { dirname } from 'node:path';

const root = dirname(import.meta.dirname);

export default { turbopack: { root }, outputFileTracingRoot: root };
