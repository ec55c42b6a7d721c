// A browser, moved by its driver.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';

const read = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url)));

/** By the name of the browser: its driver, on a free port that it prints, and its capabilities. */
const browsers = {
  chromium: {
    driver: 'CHROMEDRIVER',
    port: ['--port=0'],
    capabilities: () => read('../../webdriver.json'),
  },
  firefox: {
    driver: 'GECKODRIVER',
    port: ['--port', '0'],
    capabilities: () => read('firefox.json'),
  },
};

/** A browser with one window, until `close()`. `change` may add to the capabilities. */
export async function startBrowser(name, change = (capabilities) => capabilities) {
  const { driver, port, capabilities } = browsers[name];
  const child = spawn(process.env[driver], port, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const address = `http://127.0.0.1:${await portOf(child)}/session`;
    const { sessionId } = await command('POST', address, {
      capabilities: { alwaysMatch: change(capabilities()) },
    });
    const session = `${address}/${sessionId}`;
    return {
      goTo: (url) => command('POST', `${session}/url`, { url }),
      /** The value that the body of an async function in the page returns. */
      run: (body) =>
        command('POST', `${session}/execute/sync`, {
          script: `return (async () => { ${body} })();`,
          args: [],
        }),
      limit: (millis) => command('POST', `${session}/timeouts`, { script: millis }),
      async close() {
        await command('DELETE', session);
        child.kill();
      },
    };
  } catch (error) {
    child.kill();
    throw error;
  }
}

async function portOf(child) {
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /(?:successfully on port |Listening on 127\.0\.0\.1:)(\d+)/.exec(line)?.[1];
    if (port) {
      child.stdout.resume();
      return port;
    }
  }
  throw new Error('the driver did not start');
}

async function command(method, url, body) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const { value } = await response.json();
  if (!response.ok) {
    throw new Error(`${value.error}: ${value.message}`);
  }
  return value;
}
