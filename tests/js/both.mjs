// Tests that both classes have to pass, the official one as the judge of what is right.

import { test } from 'node:test';
import { AzureOpenAI, officialClass, OpenAI, ourPackage } from './classes.mjs';
import { latest } from './fake.mjs';

export const ourClass = ourPackage.OpenAIRealtimeWebSocket;

const CLASSES = [['official', officialClass], ['ours', ourClass]];

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
  return new AzureOpenAI({ apiVersion: 'v', endpoint: 'https://example.com', deployment: 'dep', ...key, ...options });
}

/** A session whose socket is open, and the socket. */
export function opened(Class, props = { model: 'm' }) {
  const rt = new Class(props, client());
  const socket = latest();
  socket.opens();
  return { rt, socket };
}

/** What the session tells from now on by these names; an error by what can be seen of it. */
export function heard(rt, names) {
  const log = [];
  for (const name of names) {
    rt.on(name, (...values) => log.push([name, ...values.map((value) => (value instanceof Error ? seen(value) : value))]));
  }
  return log;
}

export function seen({ name, message, error, event_id, cause }) {
  return { name, message, error, event_id, cause: cause instanceof Error ? `${cause.name}: ${cause.message}` : cause };
}

/** What `act` throws, by its kind and words. */
export async function thrownBy(act) {
  try {
    await act();
  } catch (error) {
    return { name: error.constructor.name, message: error.message };
  }
  return 'nothing';
}

/** Lets what is due happen. */
export function settled() {
  return new Promise((resolve) => setImmediate(resolve));
}
