// URLs and credentials of a session (contracts 1 to 17, and 22 to 37).

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { afterEach, test } from 'node:test';
import { AzureOpenAI, OpenAI, ourPackage } from './classes.mjs';
import { azureClient, both, client, ourClass, shown, thrownBy } from './both.mjs';
import { latest, sockets } from './fake.mjs';

const golden = JSON.parse(await readFile(new URL('golden_urls.json', import.meta.url)));

afterEach(() => sockets.splice(0));

for (const row of golden.build_realtime_url) {
  const azure = row.client.startsWith('azure');
  const name = `${row.label}: ${JSON.stringify(row.base_url) ?? 'no base'} with ${JSON.stringify(row.connection)}`;
  both(`the URL for ${name} (contracts 1 to 9 and 13)`, async (Class) => {
    const options = typeof row.base_url === 'string' ? { baseURL: row.base_url } : row.base_url;
    const make = () =>
      azure ? new AzureOpenAI({ apiKey: 'k', apiVersion: 'v', ...options }) : client(options);
    const connection =
      typeof row.connection === 'string' ? { model: row.connection } : row.connection;
    let rt;
    const { name, message } = await thrownBy(() => (rt = new Class(connection, make())));
    if (row.error) {
      assert.ok(row.error.endsWith(message), `${name}: ${message}`);
      assert.deepEqual(sockets, []);
    } else {
      assert.equal(message, undefined);
      assert.equal(latest().url, row.url);
      assert.equal(String(rt.url).replace(/[?&]api-key=%3CREDACTED%3E/, ''), shown(Class, row.url));
    }
  });
}

for (const row of golden.azure_connection) {
  both(
    `azure ${JSON.stringify(row.client)} with ${JSON.stringify(row.connection)} (contracts 14 to 16)`,
    async (Class) => {
      const made = azureClient({ deployment: row.client.deploymentName });
      const { message } = await thrownBy(() => Class.azure(made, row.connection));
      if (row.error || row.result.callID === '') {
        const none =
          'Pass exactly one of `model`, `callID`, or transcription `intent` when opening a Realtime WebSocket.';
        assert.equal(`Error: ${message}`, row.error ?? `Error: ${none}`);
        assert.deepEqual(sockets, []);
      } else {
        const [[name, value]] = Object.entries(row.result).filter(
          ([, named]) => named !== undefined,
        );
        const parameter = { model: 'model', callID: 'call_id', intent: 'intent' }[name];
        assert.equal(latest().url, `wss://example.com/openai/v1/realtime?${parameter}=${value}`);
      }
    },
  );
}

for (const row of golden.custom_builder) {
  both(`a URL of the caller's own: ${row.returned} (contracts 10 and 11)`, async (Class) => {
    const calls = [];
    const returned = URL.canParse(row.returned) ? new URL(row.returned) : row.returned;
    const known = client();
    const props = {
      model: 'm',
      buildRealtimeURL(...values) {
        calls.push([this, ...values]);
        return returned;
      },
    };
    let rt;
    const { message } = await thrownBy(() => (rt = new Class(props, known)));
    assert.equal(calls.length, 1);
    assert.equal(calls[0][0], props);
    assert.equal(calls[0][1], known);
    assert.equal(calls[0][2], props);
    if (row.error) {
      assert.ok(row.error.includes(message), message);
      assert.deepEqual(sockets, []);
    } else {
      assert.equal(latest().url, row.url);
      assert.notEqual(rt.url, returned);
      returned.searchParams.set('changed', '1');
      assert.equal(String(rt.url), shown(Class, row.url));
    }
  });
}

both('a builder is not asked for a target that is none (contract 10)', async (Class) => {
  const buildRealtimeURL = () => assert.fail('asked');
  const none = {
    name: 'Error',
    message:
      'Pass exactly one of `model`, `callID`, or transcription `intent` when opening a Realtime WebSocket.',
  };
  for (const target of [
    {},
    { model: '' },
    { model: 'm', callID: 'c' },
    { model: null },
    { intent: 'x' },
    { model: 'm', callID: null },
  ]) {
    assert.deepEqual(
      await thrownBy(() => new Class({ ...target, buildRealtimeURL }, client())),
      none,
    );
  }
  assert.deepEqual(sockets, []);
});

both('what a builder throws is thrown', async (Class) => {
  const mine = new Error('mine');
  assert.throws(
    () =>
      new Class(
        {
          model: 'm',
          buildRealtimeURL: () => {
            throw mine;
          },
        },
        client(),
      ),
    (error) => error === mine,
  );
});

both('a base URL that is none is thrown as such (contract 9)', async (Class) => {
  for (const baseURL of ['', 'example.com', 'https://', '/v1', 5, {}]) {
    assert.deepEqual(await thrownBy(() => new Class({ model: 'm' }, { apiKey: 'k', baseURL })), {
      name: 'TypeError',
      message: 'Invalid URL',
    });
  }
  assert.deepEqual(sockets, []);
});

both('the hook `onURL` may change the URL, to a secure one (contract 12)', async (Class) => {
  new Class({ model: 'm', onURL: (url) => url.searchParams.set('extra', '1') }, client());
  assert.equal(latest().url, 'wss://api.openai.com/v1/realtime?model=m&extra=1');
  assert.deepEqual(
    await thrownBy(
      () => new Class({ model: 'm', onURL: (url) => (url.protocol = 'ws:') }, client()),
    ),
    {
      name: 'OpenAIError',
      message: 'Realtime WebSocket URLs must use the wss: protocol.',
    },
  );
  assert.equal(sockets.length, 1);
});

for (const [name, options, expected] of [
  ['a key', {}, ['realtime', 'openai-insecure-api-key.sk-test']],
  [
    'who pays',
    { organization: 'org-1', project: 'proj_1' },
    [
      'realtime',
      'openai-insecure-api-key.sk-test',
      'openai-organization.org-1',
      'openai-project.proj_1',
    ],
  ],
  [
    'who pays in the headers',
    {
      organization: 'org-1',
      project: 'proj_1',
      defaultHeaders: { 'OpenAI-Organization': 'org-2', 'openai-project': null },
    },
    ['realtime', 'openai-insecure-api-key.sk-test', 'openai-organization.org-2'],
  ],
]) {
  both(`the subprotocols are ${name} (contract 22)`, (Class) => {
    new Class({ model: 'gpt-realtime' }, client(options));
    assert.equal(latest().url, 'wss://api.openai.com/v1/realtime?model=gpt-realtime');
    assert.deepEqual(latest().argument, expected);
  });
}

both('any object with a key and a base URL is a client', (Class) => {
  const plain = {
    apiKey: 'ek_1',
    baseURL: 'https://example.com/v1',
    organization: 'o',
    project: 'p',
  };
  new Class({ callID: 'rtc_1' }, plain);
  assert.equal(latest().url, 'wss://example.com/v1/realtime?call_id=rtc_1');
  assert.deepEqual(latest().argument, [
    'realtime',
    'openai-insecure-api-key.ek_1',
    'openai-organization.o',
    'openai-project.p',
  ]);
});

both(
  'Azure gets its key as a header, and the URL to show says so (contracts 23, 24 and 30)',
  async (Class) => {
    const rt = await Class.azure(azureClient());
    assert.equal(latest().url, 'wss://example.com/openai/v1/realtime?model=dep');
    assert.deepEqual(latest().argument, { protocols: ['realtime'], headers: { 'api-key': 'azk' } });
    assert.equal(
      String(rt.url),
      'wss://example.com/openai/v1/realtime?model=dep&api-key=%3CREDACTED%3E',
    );

    const token = await Class.azure(azureClient({ azureADTokenProvider: async () => 'tok' }));
    assert.equal(latest().url, 'wss://example.com/openai/v1/realtime?model=dep');
    assert.deepEqual(latest().argument, {
      protocols: ['realtime'],
      headers: { Authorization: 'Bearer tok' },
    });
    assert.equal(
      String(token.url),
      'wss://example.com/openai/v1/realtime?model=dep&Authorization=%3CREDACTED%3E',
    );
  },
);

both("credentials in the URL of Azure's caller reach neither URL (contract 30)", async (Class) => {
  for (const [query, socket, redacted] of [
    ['?a=1&API-key=secret', '?a=1', '?a=1&api-key=%3CREDACTED%3E'],
    [
      '?authorization=secret&a=1',
      '?a=1',
      '?a=1&api-key=%3CREDACTED%3E&Authorization=%3CREDACTED%3E',
    ],
    ['?a=1', '?a=1', '?a=1&api-key=%3CREDACTED%3E'],
  ]) {
    const theirs = new URL(`wss://example.com/own${query}`);
    const rt = await Class.azure(azureClient(), { buildRealtimeURL: () => theirs });
    assert.equal(latest().url, `wss://example.com/own${socket}`);
    assert.equal(String(rt.url), shown(Class, `wss://example.com/own${redacted}`));
    assert.equal(theirs.search, query);
  }
});

test('a credential of a gateway is in the URL of the socket only', () => {
  const known = {
    apiKey: 'ek_1',
    baseURL: 'https://user:secret1@example.com/v1?api-key=secret2&token=secret3&api-version=v1',
  };
  const rt = new ourClass({ model: 'm' }, known);
  assert.equal(
    latest().url,
    'wss://user:secret1@example.com/v1/realtime?api-key=secret2&token=secret3&api-version=v1&model=m',
  );
  const hidden = '%3CREDACTED%3E';
  assert.equal(
    String(rt.url),
    `wss://example.com/v1/realtime?api-key=${hidden}&token=${hidden}&api-version=v1&model=m`,
  );
  // The rule is the one of the Rust transports.
  for (const [url, shownURL] of [
    ['wss://a.b/x?key=secret&key=secret', `wss://a.b/x?key=${hidden}&key=${hidden}`],
    ['wss://a.b/x?secret', `wss://a.b/x?${hidden}=`],
    ['wss://a.b/x?MODEL=m&Api-Version=1', 'wss://a.b/x?MODEL=m&Api-Version=1'],
    ['wss://a.b/x?model=m#secret', 'wss://a.b/x?model=m'],
    ['wss://a.b/x?deployment=d&call_id=c&intent=i', 'wss://a.b/x?deployment=d&call_id=c&intent=i'],
  ]) {
    const { url: seen } = new ourClass(
      { model: 'm', buildRealtimeURL: () => new URL(url) },
      client(),
    );
    assert.equal(String(seen), shownURL);
    assert.equal(latest().url, url);
  }
});

both(
  'Azure without a key, or with a deployment for a builder (contracts 16, 17 and 29)',
  async (Class) => {
    const noKey = Object.assign(azureClient(), { apiKey: null });
    assert.deepEqual(await thrownBy(() => Class.azure(noKey)), {
      name: 'Error',
      message: 'Azure OpenAI Realtime requires an API key',
    });
    const noName = azureClient({ deployment: undefined });
    const asked = { buildRealtimeURL: () => assert.fail('asked') };
    assert.deepEqual(await thrownBy(() => Class.azure(noName, asked)), {
      name: 'Error',
      message: 'No deployment name provided',
    });
    assert.deepEqual(sockets, []);
    let connection;
    await Class.azure(azureClient(), {
      intent: 'transcription',
      dangerouslyAllowBrowser: true,
      buildRealtimeURL: (_, given) => ((connection = given), new URL('wss://example.com/')),
    });
    assert.equal(connection.intent, 'transcription');
    assert.equal(connection.model, undefined);
  },
);

both('a key that is a function wants `create` (contracts 26 and 27)', async (Class) => {
  let keys = 0;
  const made = client({ apiKey: async () => `key-${(keys += 1)}` });
  assert.deepEqual(await thrownBy(() => new Class({ model: 'm' }, made)), {
    name: 'Error',
    message:
      'Cannot open Realtime WebSocket with a function-based apiKey.\nUse the .create() method so that the key is resolved before connecting.',
  });
  assert.equal(keys, 0);
  const rt = await Class.create(made, { model: 'm' });
  assert.ok(rt instanceof Class);
  assert.equal(latest().readyState, 0);
  assert.deepEqual(latest().argument, ['realtime', 'openai-insecure-api-key.key-1']);
  await Class.create(client(), { intent: 'transcription' });
  assert.deepEqual(latest().argument, ['realtime', 'openai-insecure-api-key.sk-test']);
});

both("a builder gets `create`'s own client and connection (contract 10)", async (Class) => {
  const known = client();
  const props = {
    model: 'm',
    buildRealtimeURL(...values) {
      assert.deepEqual([this, ...values], [props, known, props]);
      return new URL('wss://example.com/x');
    },
  };
  await Class.create(known, props);
  assert.equal(latest().url, 'wss://example.com/x');
});

both('a function that gives no key (contract 28)', async (Class) => {
  const gives = (apiKey) => thrownBy(() => Class.create(client({ apiKey }), { model: 'm' }));
  assert.deepEqual(await gives(async () => ''), {
    name: 'OpenAIError',
    message: "Expected 'apiKey' function argument to return a string but it returned ",
  });
  assert.deepEqual(await gives(async () => 5), {
    name: 'OpenAIError',
    message: "Expected 'apiKey' function argument to return a string but it returned 5",
  });
  assert.deepEqual(
    await gives(async () => {
      throw new Error('no luck');
    }),
    {
      name: 'OpenAIError',
      message: "Failed to get token from 'apiKey' function: no luck",
    },
  );
  assert.deepEqual(sockets, []);
});

test('a plain client may have a function, too (contracts 26 to 28)', async () => {
  const plain = { apiKey: async () => 'ek_2', baseURL: 'https://example.com/v1' };
  assert.match(
    (await thrownBy(() => new ourClass({ model: 'm' }, plain))).message,
    /function-based apiKey/,
  );
  await ourClass.create(plain, { model: 'm' });
  assert.deepEqual(latest().argument, ['realtime', 'openai-insecure-api-key.ek_2']);
  const failing = { ...plain, apiKey: () => Promise.reject(new Error('no luck')) };
  const thrown = {
    name: 'OpenAIError',
    message: "Failed to get token from 'apiKey' function: no luck",
  };
  assert.deepEqual(await thrownBy(() => ourClass.create(failing, { model: 'm' })), thrown);
  assert.match(
    (await thrownBy(() => ourClass.create({ ...plain, apiKey: () => '' }, { model: 'm' }))).message,
    /it returned $/,
  );
});

test('a key that cannot be one is refused, and not repeated (contract 33)', async () => {
  for (const apiKey of [null, undefined, '', ' ']) {
    assert.match(
      (await thrownBy(() => new ourClass({ model: 'm' }, { apiKey, baseURL: 'https://a.b' })))
        .message,
      /^Missing credentials/,
    );
  }
  for (const apiKey of ['sk-a b', 'sk-a\nb', 'sk-é']) {
    const { name, message } = await thrownBy(
      () => new ourClass({ model: 'm' }, { apiKey, baseURL: 'https://a.b' }),
    );
    assert.equal(name, 'OpenAIError');
    assert.ok(!message.includes(apiKey));
  }
  assert.deepEqual(sockets, []);
});

test("a key that is no subprotocol is not repeated in the runtime's words", async () => {
  const { WebSocket } = globalThis;
  globalThis.WebSocket = class {
    constructor(_, protocols) {
      throw new DOMException(
        `Failed to construct 'WebSocket': The subprotocol '${protocols.at(-1)}' is invalid.`,
        'SyntaxError',
      );
    }
  };
  try {
    const { message } = await thrownBy(
      () => new ourClass({ model: 'm' }, { apiKey: 'sk-(secret)', baseURL: 'https://a.b' }),
    );
    assert.equal(message, 'The API key contains a character that an API key cannot have.');
    const { message: other } = await thrownBy(
      () => new ourClass({ model: 'm' }, { apiKey: 'ek_1', baseURL: 'https://a.b', project: 'p(' }),
    );
    assert.match(other, /openai-project/);
  } finally {
    globalThis.WebSocket = WebSocket;
  }
});

both('without a client the environment has the key (contract 32)', async (Class) => {
  const names = ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'OPENAI_ORG_ID', 'OPENAI_PROJECT_ID'];
  const before = names.map((name) => process.env[name]);
  try {
    names.forEach((name) => delete process.env[name]);
    assert.deepEqual(await thrownBy(() => new Class({ model: 'm' })), {
      name: 'OpenAIError',
      message:
        'Missing credentials. Please pass an `apiKey`, `workloadIdentity`, `adminAPIKey`, or set the `OPENAI_API_KEY` or `OPENAI_ADMIN_KEY` environment variable.',
    });
    process.env.OPENAI_API_KEY = ' sk-env ';
    new Class({ model: 'm' });
    assert.equal(latest().url, 'wss://api.openai.com/v1/realtime?model=m');
    assert.deepEqual(latest().argument, ['realtime', 'openai-insecure-api-key.sk-env']);
    Object.assign(process.env, {
      OPENAI_BASE_URL: 'https://example.com/v2',
      OPENAI_ORG_ID: 'o',
      OPENAI_PROJECT_ID: 'p',
    });
    new Class({ model: 'm' });
    assert.equal(latest().url, 'wss://example.com/v2/realtime?model=m');
    assert.deepEqual(latest().argument.slice(2), ['openai-organization.o', 'openai-project.p']);
  } finally {
    names.forEach((name, index) =>
      before[index] === undefined ? delete process.env[name] : (process.env[name] = before[index]),
    );
  }
});

const BROWSER =
  "It looks like you're running in a browser-like environment.\n\nThis is disabled by default, as it risks exposing your secret API credentials to attackers.\n\nYou can avoid this error by creating an ephemeral session token:\nhttps://platform.openai.com/docs/api-reference/realtime-sessions\n";

both(
  'in a page a key has to be ephemeral or allowed, before anything else (contracts 35 to 37)',
  async (Class) => {
    globalThis.window = { document: {} };
    try {
      const refused = { name: 'OpenAIError', message: BROWSER };
      const plain = (apiKey, more) => ({ apiKey, baseURL: 'https://api.openai.com/v1', ...more });
      const open = (props, known) => thrownBy(() => new Class({ model: 'm', ...props }, known));
      assert.deepEqual(await open({}, plain('sk-1')), refused);
      assert.deepEqual(await open({ model: '' }, plain('sk-1')), refused, 'before the target');
      assert.deepEqual(await open({ dangerouslyAllowBrowser: false }, plain('ek_1')), refused);
      assert.deepEqual(
        await open(
          { dangerouslyAllowBrowser: false },
          plain('sk-1', { _options: { dangerouslyAllowBrowser: true } }),
        ),
        refused,
      );
      assert.deepEqual(sockets, []);
      assert.equal(await open({}, plain('ek_1')), 'nothing');
      assert.equal(await open({ dangerouslyAllowBrowser: true }, plain('sk-1')), 'nothing');
      assert.equal(
        await open({}, plain('sk-1', { _options: { dangerouslyAllowBrowser: true } })),
        'nothing',
      );
      assert.equal(sockets.length, 3);
      // Azure's credential would be a header, which a page cannot set (contract 31).
      const azure = azureClient({ dangerouslyAllowBrowser: true });
      assert.deepEqual(
        await thrownBy(() => Class.azure(azure, { dangerouslyAllowBrowser: true })),
        {
          name: 'OpenAIError',
          message:
            'Azure OpenAI Realtime credentials require a WebSocket transport that supports request headers; use openai/realtime/ws or a server-side authentication proxy.',
        },
      );
      assert.equal(sockets.length, 3);
    } finally {
      delete globalThis.window;
    }
  },
);

both(
  'a worker whose scope answers `instanceof` itself is a browser (contract 35)',
  async (Class) => {
    class Scope {
      static [Symbol.hasInstance](value) {
        return value === globalThis || value === navigator;
      }
    }
    const versions = Object.getOwnPropertyDescriptor(process, 'versions');
    Object.assign(globalThis, { WorkerGlobalScope: Scope, WorkerNavigator: Scope });
    Object.defineProperty(process, 'versions', { ...versions, value: {} });
    try {
      const open = () =>
        new Class({ model: 'm' }, { apiKey: 'sk-1', baseURL: 'https://api.openai.com/v1' });
      assert.deepEqual(await thrownBy(open), { name: 'OpenAIError', message: BROWSER });
      assert.deepEqual(sockets, []);
    } finally {
      Object.defineProperty(process, 'versions', versions);
      delete globalThis.WorkerGlobalScope;
      delete globalThis.WorkerNavigator;
    }
  },
);

both("with the SDK's client, errors are the SDK's own", async (Class) => {
  const known = client();
  globalThis.window = { document: {} };
  try {
    assert.throws(
      () => new Class({ model: 'm' }, known),
      (error) => error instanceof OpenAI.OpenAIError,
    );
  } finally {
    delete globalThis.window;
  }
  const rt = new Class({ model: 'm' }, known);
  const reported = rt.emitted('error');
  latest().receives({ type: 'error', error: { message: 'm' } });
  const error = await reported.catch((failed) => failed);
  assert.ok(error instanceof OpenAI.OpenAIError);
  assert.equal(error.constructor.name, 'OpenAIRealtimeError');
});

test("with any client, errors are this package's", async () => {
  const { OpenAIError, OpenAIRealtimeError } = ourPackage;
  for (const known of [client(), { apiKey: 'ek_1', baseURL: 'https://example.com' }]) {
    const rt = new ourClass({ model: 'm' }, known);
    const reported = rt.emitted('error');
    latest().receives('{');
    const error = await reported;
    assert.ok(
      error instanceof OpenAIRealtimeError &&
        error instanceof OpenAIError &&
        error instanceof Error,
    );
  }
  const refused = await ourClass
    .create(client({ apiKey: async () => 'a b' }), { model: 'm' })
    .catch((error) => error);
  assert.ok(
    refused instanceof OpenAIError && !(refused instanceof OpenAIRealtimeError),
    String(refused),
  );
  assert.ok(
    !(new Error('other') instanceof OpenAIError) &&
      !(null instanceof OpenAIError) &&
      !('text' instanceof OpenAIError),
  );
});

test('a server without TLS is reached by an explicit option (contracts 5, 11 and 12)', async () => {
  const insecureCleartextURL = 'http://litellm:4000/v1';
  const rt = new ourClass({ model: 'm', insecureCleartextURL }, client());
  assert.equal(latest().url, 'ws://litellm:4000/v1/realtime?model=m');
  assert.equal(String(rt.url), latest().url);
  new ourClass(
    {
      model: 'm',
      insecureCleartextURL: 'ws://10.0.0.7:443/v1',
      onURL: (url) => url.searchParams.set('a', '1'),
    },
    client(),
  );
  assert.equal(latest().url, 'ws://10.0.0.7:443/v1/realtime?model=m&a=1');
  const buildRealtimeURL = () => new URL('ws://example.com/own');
  new ourClass({ model: 'm', insecureCleartextURL, buildRealtimeURL }, client());
  assert.equal(latest().url, 'ws://example.com/own');
  await ourClass.azure(azureClient(), { insecureCleartextURL: 'http://proxy/openai' });
  assert.equal(latest().url, 'ws://proxy/openai/v1/realtime?model=dep');
  assert.equal(sockets.length, 4);
  assert.match(
    (await thrownBy(() => new ourClass({ model: 'm', buildRealtimeURL }, client()))).message,
    /must use the wss: protocol/,
  );
  assert.equal(
    (await thrownBy(() => new ourClass({ model: 'm', insecureCleartextURL: 'none' }, client())))
      .message,
    'Invalid URL',
  );
  const known = client({ dangerouslyAllowBrowser: true });
  globalThis.window = { document: {} };
  try {
    const { name, message } = await thrownBy(
      () => new ourClass({ model: 'm', insecureCleartextURL }, known),
    );
    assert.deepEqual(
      [name, message],
      ['OpenAIError', 'A page cannot use `insecureCleartextURL`: connect with TLS.'],
    );
  } finally {
    delete globalThis.window;
  }
  assert.equal(sockets.length, 4);
});

test('a runtime without a WebSocket is told so', async () => {
  const { WebSocket } = globalThis;
  delete globalThis.WebSocket;
  try {
    const open = (props) => thrownBy(() => new ourClass({ model: 'm', ...props }, client()));
    const { message } = await open();
    assert.equal(
      message,
      'this runtime has no WebSocket: use Node 22 or later, or pass a class like it as the option `WebSocket`',
    );
    assert.equal(await open({ WebSocket }), 'nothing');
  } finally {
    globalThis.WebSocket = WebSocket;
  }
});

test("another copy of the SDK's clients is known by what it has", () => {
  class OtherAzure {
    apiKey = 'azk';
    baseURL = 'https://example.com/openai';
    apiVersion = 'v';
    deploymentName = 'dep';
  }
  new ourClass({ model: 'dep' }, new OtherAzure());
  assert.equal(latest().url, 'wss://example.com/openai/v1/realtime?model=dep');
  assert.deepEqual(latest().argument.headers, { 'api-key': 'azk' });
});

both('what the caller gives may throw, and is thrown', async (Class) => {
  const mine = new Error('mine');
  const fail = () => {
    throw mine;
  };
  const hostile = new Proxy({}, { get: fail, has: fail });
  for (const act of [
    () => new Class(hostile, client()),
    () => new Class({ model: 'm' }, hostile),
    () =>
      new Class(
        {
          get model() {
            return fail();
          },
        },
        client(),
      ),
    () => new Class({ model: { toString: fail } }, client()),
    () => Class.create(hostile, { model: 'm' }),
    () => Class.azure(hostile),
    () => Class.azure(azureClient(), hostile),
  ]) {
    await assert.rejects(
      async () => act(),
      (error) => error === mine,
    );
  }
  for (const model of [Symbol('m'), Object.create(null)]) {
    assert.equal((await thrownBy(() => new Class({ model }, client()))).name, 'TypeError');
  }
  assert.deepEqual(sockets, []);
  new Class({ model: 'after' }, client());
  assert.match(latest().url, /model=after$/);
});
