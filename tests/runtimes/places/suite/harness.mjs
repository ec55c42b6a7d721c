// Tests that run wherever JavaScript does: no runtime's own modules, no test runner's.

/**
 * Runs the tests, an object of async functions by name, one after the other. Tells `report` a line
 * for each, and at last how many there were, in the words of Rust's test runner.
 */
export async function run(tests, report) {
  let [passed, failed] = [0, 0];
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      passed += 1;
      await report(`test ${name} ... ok`);
    } catch (error) {
      failed += 1;
      await report(`test ${name} ... FAILED\n${error?.stack ?? error}`);
    }
  }
  await report(`test result: ${failed ? 'FAILED' : 'ok'}. ${passed} passed; ${failed} failed;`);
}

/** Resolves as the promise does, or rejects after a time. */
export async function within(millis, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing happened in ${millis} ms`)), millis);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Values are equal when they print the same, as JSON. */
export function equal(actual, expected, what = 'it') {
  const [is, should] = [actual, expected].map((value) => JSON.stringify(value) ?? String(value));
  assert(is === should, `${what} is ${is}, not ${should}`);
}

export function assert(holds, message) {
  if (!holds) {
    throw new Error(message);
  }
}

/** Resolves to the exception of a call. */
export async function thrown(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** The next event of a name on an `EventTarget`. */
export function next(target, name) {
  return new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
}
