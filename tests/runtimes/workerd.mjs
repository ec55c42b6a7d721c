// A Cloudflare Worker in workerd, built as wrangler builds one.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './tools.mjs';
import { programs } from './project.mjs';

/**
 * Runs the worker of this script, with these bindings of text, until `close()`. It trusts the
 * emulator's certificate.
 */
export async function startWorker(script, bindings = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'realtime-worker-'));
  await build({
    entryPoints: [script],
    outfile: join(folder, 'worker.js'),
    bundle: true,
    format: 'esm',
    conditions: ['workerd', 'worker', 'browser'],
  });
  writeFileSync(join(folder, 'config.capnp'), config(bindings));
  const child = spawn(join(programs, 'workerd'), ['serve', 'config.capnp', '--control-fd=3'], {
    cwd: folder,
    // It wonders where that is another folder.
    env: { ...process.env, PWD: folder },
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const port = await portOf(child);
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      child.kill();
      await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const text = (value) => JSON.stringify(value);

function config(bindings) {
  const values = Object.entries(bindings).map(
    ([name, value]) => `( name = ${text(name)}, text = ${text(value)} )`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ( name = "main", worker = (
      compatibilityDate = "2026-01-01",
      modules = [ ( name = "worker.js", esModule = embed "worker.js" ) ],
      bindings = [ ${values.join(', ')} ],
    ) ),
    ( name = "internet", network = (
      allow = ["private"],
      tlsOptions = ( trustedCertificates = [ ${text(readFileSync(process.env.NODE_EXTRA_CA_CERTS, 'utf8'))} ] ),
    ) ),
  ],
  sockets = [ ( name = "http", address = "127.0.0.1:0", http = (), service = "main" ) ],
);
`;
}

async function portOf(child) {
  let told = '';
  for await (const chunk of child.stdio[3]) {
    told += chunk;
    const port = /"port":(\d+)/.exec(told)?.[1];
    if (port) {
      return port;
    }
  }
  throw new Error('workerd did not start');
}
