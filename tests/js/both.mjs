// Tests that both classes have to pass, the official one as the judge of what is right.

import { test } from 'node:test';
import { AzureOpenAI, officialClass, OpenAI, ourPackage } from './classes.mjs';
import { latest } from './fake.mjs';

export const ourClass = ourPackage.OpenAIRealtimeWebSocket;

const CLASSES = [
  ['official', officialClass],
  ['ours', ourClass],
];

/** Declares a test of each class. */
export function both(name, body) {
  for (const [whose, Class] of CLASSES) {
    test(`${name} (${whose})`, (context) => body(Class, context));
  }
}

export function client(options) {
  return new OpenAI({ apiKey: 'sk-test', ...options });
}

export function azureClient(options) {
  const key = options?.azureADTokenProvider ? {} : { apiKey: 'azk' };
  return new AzureOpenAI({
    apiVersion: 'v',
    endpoint: 'https://example.com',
    deployment: 'dep',
    ...key,
    ...options,
  });
}

/**
 * The URL that a class shows for a socket's. Ours hides what may be a credential; the official one
 * shows it.
 */
export function shown(Class, url) {
  if (Class !== ourClass) {
    return url;
  }
  const values = /(?<=[?&](?!model=|intent=|call_id=)[^&=]*=)[^&]*/g;
  return url
    .replace(values, '%3CREDACTED%3E')
    .replace(/\/\/[^/]*@/, '//')
    .replace(/#.*/, '');
}

/** A session whose socket is open, and the socket. */
export function opened(Class, props = { model: 'm' }) {
  const rt = new Class(props, client());
  const socket = latest();
  socket.opens();
  return { rt, socket };
}

/** Logs the session's events of these names from now on; an error by its visible properties. */
export function heard(rt, names) {
  const log = [];
  for (const name of names) {
    rt.on(name, (...values) =>
      log.push([name, ...values.map((value) => (value instanceof Error ? seen(value) : value))]),
    );
  }
  return log;
}

export function seen({ name, message, error, event_id, cause }) {
  return {
    name,
    message,
    error,
    event_id,
    cause: cause instanceof Error ? `${cause.name}: ${cause.message}` : cause,
  };
}

/** Resolves to name and message of the exception that `act` throws. */
export async function thrownBy(act) {
  try {
    await act();
  } catch (error) {
    return { name: error.constructor.name, message: error.message };
  }
  return 'nothing';
}

/** Resolves to the rejections that nobody handled while `act` ran. */
export async function unhandled(act) {
  const before = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  const rejected = [];
  process.on('unhandledRejection', (error) => rejected.push(error));
  await act();
  await settled();
  await settled();
  process.removeAllListeners('unhandledRejection');
  before.forEach((listener) => process.on('unhandledRejection', listener));
  return rejected;
}

/** Lets what is due happen. */
export function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}
