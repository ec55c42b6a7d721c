// Outcomes of responses, as their status says.

import { errorKind } from './errors.js';

/** Returns how a response ended. */
export function outcomeOf({ status, status_details: details }) {
  const reason = details?.reason ?? '';
  switch (status) {
    case 'cancelled': {
      const by = { turn_detected: 'speech', client_cancelled: 'client' }[reason] ?? reason;
      return { status, by };
    }
    case 'incomplete':
      return { status, reason };
    case 'failed':
      return { status, ...failureOf(details?.error ?? {}) };
    default:
      return { status: 'completed' };
  }
}

function failureOf(error) {
  const code = error.code ?? error.type ?? '';
  const message = error.message ?? '';
  if (errorKind(error) === 'fatal' || ['model_not_found', 'invalid_request_error'].includes(code)) {
    return { code, message, advice: 'give_up' };
  }
  if (['rate_limit_exceeded', 'rate_limit_error', 'server_overloaded'].includes(code)) {
    // The service's message names the wait, as in "Please try again in 1.5s".
    const [, number, unit] = /try again in (\d+(?:\.\d+)?)(ms|s)/.exec(message) ?? [];
    const wait_ms = number && Number(number) * (unit === 's' ? 1000 : 1);
    return { code, message, advice: 'wait', ...(wait_ms !== undefined && { wait_ms }) };
  }
  return { code, message, advice: 'retry' };
}

/** Returns what the model wrote or said in a response. */
export function textOf(response) {
  return (response.output ?? [])
    .filter(({ type }) => type === 'message')
    .map((item) => textOfContent(item.content))
    .join('');
}

/** Returns the text of content parts: what was written, or the transcript. */
export function textOfContent(content) {
  return (content ?? []).map((part) => part.text || part.transcript || '').join('');
}
