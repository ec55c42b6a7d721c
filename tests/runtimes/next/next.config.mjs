// The project lies below the folder that has Next.js itself.
import { dirname } from 'node:path';

export default { turbopack: { root: dirname(import.meta.dirname) } };
