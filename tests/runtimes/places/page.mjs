// Runs the suite where the page's address says: in this page, or in a worker of it.

const script = '/browser.mjs';
const type = 'module';
const start = {
  page: () => import(script),
  worker: () => new Worker(script, { type }),
  shared: () => new SharedWorker(script, { type }),
  service: () => navigator.serviceWorker.register(script, { type }),
};

const failed = (error) =>
  fetch('/lines', {
    method: 'POST',
    body: `test it_starts ... FAILED\n${error}\ntest result: FAILED. 0 passed; 1 failed;`,
  });

try {
  const started = await start[location.hash.slice(1)]();
  // A page's errors are caught below.
  if (started instanceof EventTarget) {
    started.addEventListener('error', ({ message }) => failed(message));
  }
} catch (error) {
  failed(error.stack);
}
