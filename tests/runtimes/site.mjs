// A web server of a folder's files, on a free port of the loopback interface.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/**
 * Serves `/NAME.page` as a page that runs the script NAME, under a Content Security Policy if one
 * is given. `routes` are functions of a request's text, by path.
 */
export async function startSite(folder, routes, policy) {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://localhost').pathname);
    const chunks = await Array.fromAsync(request);
    if (policy) {
      response.setHeader('content-security-policy', policy);
    }
    if (routes[path]) {
      response.end(JSON.stringify(routes[path](Buffer.concat(chunks).toString())) ?? '');
    } else if (path.endsWith('.page')) {
      const script = path.slice(0, -'.page'.length);
      response.setHeader('content-type', 'text/html');
      response.end(
        `<!doctype html><meta charset="utf-8"><script type="module" src="${script}"></script>`,
      );
    } else {
      try {
        const content = await readFile(join(folder, path));
        response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
        response.end(content);
      } catch {
        response.writeHead(404).end();
      }
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
