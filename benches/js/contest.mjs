// Events a second that session classes take in from the same server, in the same process or page.

/**
 * Types of a bench's events. The server floods with them, and is never the one that is measured.
 */
export const EVENTS = {
  text_delta: 'response.output_text.delta',
  audio_delta: 'response.output_audio.delta',
};

const MILLIS = 1000;

/**
 * The median of each contestant's runs, which take turns. A contestant is a function of the bench's
 * name and the time to take, to the number of events; `clock` gives milliseconds: of the processor,
 * where it can be had, as then nothing else that runs counts.
 */
export async function contest(contestants, bench, runs, clock) {
  const rates = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  // One round more than counts, to warm up.
  for (let run = 0; run <= runs; run += 1) {
    for (const [name, contestant] of Object.entries(contestants)) {
      const started = clock();
      const count = await contestant(bench, MILLIS);
      rates[name].push((count / (clock() - started)) * 1000);
    }
  }
  const median = (figures) => figures.slice(1).sort((one, other) => one - other)[runs >> 1];
  return Object.fromEntries(
    Object.entries(rates).map(([name, figures]) => [name, Math.round(median(figures))]),
  );
}

/** A class of the SDK's shape. */
export function byClass(Class, baseURL) {
  return async (bench, millis) => {
    const rt = new Class(
      { model: bench, dangerouslyAllowBrowser: true },
      { apiKey: 'none', baseURL },
    );
    const closed = new Promise((resolve) => rt.socket.addEventListener('close', resolve));
    let done = false;
    rt.on('error', (error) => {
      // The server just goes when it is told to stop.
      if (!done) {
        console.error(error);
      }
    });
    const started = performance.now();
    let count = 0;
    let length = 0;
    await new Promise((resolve) => {
      rt.on(EVENTS[bench], (event) => {
        length += event.delta.length;
        count += 1;
        if (count % 64 === 0 && performance.now() - started > millis) {
          resolve();
        }
      });
    });
    if (!(length > 0)) {
      throw new Error('the events are empty');
    }
    done = true;
    rt.close();
    await closed;
    return count;
  };
}
