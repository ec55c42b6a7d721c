// Loaded before each file of tests: a test that fails with its socket open must not keep the
// process. `--test-force-exit` sees to that, too, and loses results that are not told yet.

import { after } from 'node:test';

const GRACE = 5_000;

// Each file has a process of its own; the one that starts them ends on its own.
if (process.env.NODE_TEST_CONTEXT) {
  after(() => setTimeout(() => process.exit(), GRACE).unref());
}
