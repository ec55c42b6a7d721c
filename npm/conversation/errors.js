// Errors of the service, and what they mean for a session. The same table as `ErrorKind` in Rust.

const HARMLESS = ['response_cancel_not_active', 'input_audio_buffer_commit_empty'];
const DEFERRED = 'conversation_already_has_active_response';
const FATAL = [
  'account_deactivated',
  'beta_api_shape_disabled',
  'billing_hard_limit_reached',
  'billing_not_active',
  'credit_balance_exhausted',
  'insufficient_quota',
  'invalid_api_key',
  'organization_deactivated',
];

/** Returns the meaning of an error: `harmless`, `deferred`, `request` or `fatal`. */
export function errorKind({ type, code, message } = {}) {
  if (HARMLESS.includes(code)) {
    return 'harmless';
  }
  if (code === DEFERRED) {
    return 'deferred';
  }
  if (FATAL.includes(code)) {
    return 'fatal';
  }
  // The first is carried out up to the end, and has a general code; older servers report the second
  // without a code.
  if (message?.includes('is already shorter than') || message?.startsWith('Cancellation failed')) {
    return 'harmless';
  }
  return type === 'insufficient_quota' ? 'fatal' : 'request';
}

const WORDS = {
  refused: 'the server refused the request',
  busy: 'other responses were under way at each attempt: ask again later',
  timed_out: 'the server did not answer in time: ask again, or allow more with `limits`',
  withdrawn: 'the request was cancelled before its response began',
  connection_lost: 'the connection broke before the answer: ask again if it is still wanted',
  closed: 'the session is closed',
};

/** Reason why a request is not answered, or why the end of its response is not known. */
export class RequestError extends Error {
  name = 'RequestError';

  constructor(reason, details) {
    const message = details?.message;
    super(message ? `${WORDS[reason]}: ${message}` : WORDS[reason]);
    this.reason = reason;
    this.error = details;
  }
}
