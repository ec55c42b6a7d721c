// The client object: the official SDK's, or any object with an `apiKey` and a `baseURL`. It is
// recognized by its members, so that another copy or version of the SDK works, too.

import { OpenAIError, refusal } from './errors.js';

/** Returns true for a client of Azure OpenAI. */
export function isAzure(client) {
  return typeof client === 'object' && ('deploymentName' in client || 'apiVersion' in client);
}

/** Returns true if the client's key is a function, which has to be called first. */
export function hasProvider(client) {
  return typeof client?._options?.apiKey === 'function' || typeof client?.apiKey === 'function';
}

/**
 * Resolves to the current key, and to whether it is a token that a function returned (contracts 24,
 * 27 and 28).
 */
export async function resolveKey(client) {
  if (typeof client._callApiKey === 'function') {
    let captured;
    const isToken = await client._callApiKey((key) => {
      captured = key;
    });
    return { key: captured === undefined ? client.apiKey : captured, isToken: isToken === true };
  }
  if (typeof client.apiKey === 'function') {
    return { key: await callProvider(client), isToken: true };
  }
  return { key: client.apiKey, isToken: false };
}

async function callProvider(client) {
  let key;
  try {
    key = await client.apiKey();
  } catch (cause) {
    if (cause instanceof OpenAIError) {
      throw cause;
    }
    throw new OpenAIError(`Failed to get token from 'apiKey' function: ${cause?.message}`, {
      cause,
    });
  }
  if (typeof key !== 'string' || key === '') {
    throw new OpenAIError(
      `Expected 'apiKey' function argument to return a string but it returned ${key}`,
    );
  }
  return key;
}

/**
 * Returns the organization and the project to bill (contract 22). The SDK's clients have them in
 * their headers.
 */
export function routes(client, key) {
  if (typeof client._buildWebSocketHeaders === 'function') {
    const headers = client._buildWebSocketHeaders({ Authorization: `Bearer ${key}` }, new Set());
    const header = (wanted) => Object.keys(headers).find((name) => name.toLowerCase() === wanted);
    return {
      organization: headers[header('openai-organization')],
      project: headers[header('openai-project')],
    };
  }
  const text = (value) => (typeof value === 'string' ? value : undefined);
  return { organization: text(client.organization), project: text(client.project) };
}

/**
 * Returns the client that environment variables describe, in runtimes that have them (contract 32).
 */
export function environmentClient() {
  const apiKey = variable('OPENAI_API_KEY');
  if (apiKey === undefined) {
    throw refusal('no key');
  }
  return {
    apiKey,
    baseURL: variable('OPENAI_BASE_URL') ?? 'https://api.openai.com/v1',
    organization: variable('OPENAI_ORG_ID'),
    project: variable('OPENAI_PROJECT_ID'),
  };
}

function variable(name) {
  try {
    const value = globalThis.process ? process.env?.[name] : globalThis.Deno?.env?.get?.(name);
    return value?.trim() || undefined;
  } catch {
    // Deno throws if the program has no permission to read the environment.
    return undefined;
  }
}
