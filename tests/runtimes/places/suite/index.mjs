// The suite of the npm package: the same in every runtime, against the emulator.

import { ends, guards } from './ends.mjs';
import { facts } from './facts.mjs';
import { run, within } from './harness.mjs';
import { session } from './session.mjs';
import { talk } from './talk.mjs';

/** Time limit of a test, in milliseconds. */
const LIMIT = 20_000;

/**
 * Runs it all. `pack` is the exports of the package and of its conversation layer; `environment`
 * says where the emulator is and what the README says of this place; `unhandledRejection` is a
 * function that promises the next one; `report` takes lines, and `more` are tests of this place
 * alone.
 */
export async function suite(pack, environment, unhandledRejection, report, more = {}) {
  const opened = [];
  /** Closes the session when the test is over. */
  const keep = (rt) => {
    opened.push(rt);
    return rt;
  };
  let count = 0;
  const client = (apiKey = 'ek_test') => ({ apiKey, baseURL: environment.emulator });
  /** A session; with these faults, as `cargo run --example emulator -- --help` has them. */
  const open = (faults, props) => {
    const model = faults
      ? `faults:${environment.place}${(count += 1)}-${Date.now()}/${faults}`
      : 'gpt-realtime';
    return keep(new pack.OpenAIRealtimeWebSocket({ model, ...props }, client()));
  };
  /** Resolves to the arguments of the next event of a name, whatever errors come before it. */
  const told = (rt, name) =>
    new Promise((resolve) => rt.once(name, (...values) => resolve(values)));
  const context = { ...pack, ...environment, client, keep, open, told, unhandledRejection };
  const tests = { ...session, ...talk, ...ends, ...guards, ...facts, ...more };
  for (const [name, test] of Object.entries(tests)) {
    tests[name] = async () => {
      try {
        await within(LIMIT, test(context));
      } finally {
        opened.splice(0).forEach((rt) => rt.on('error', () => {}).close());
      }
    };
  }
  await run(tests, report);
}
