// Tools: functions of the application that the model can call, and the way they are run.

const BACKGROUND = Symbol('background');

/** Longest time that a timer takes, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/**
 * Returns a tool. `parameters` is a JSON Schema, or a schema of Zod, Valibot, ArkType or another
 * library that follows Standard Schema; then `execute` gets what that schema makes of the
 * arguments.
 */
export function tool({ name, description, parameters, execute, needsApproval = false, timeout }) {
  const standard = parameters?.['~standard'];
  const schema = standard ? standard.jsonSchema?.input({ target: 'draft-07' }) : parameters;
  if (standard && !schema) {
    throw new TypeError(
      `the schema of the tool ${name} cannot be written as JSON Schema: pass \`parameters\` as one`,
    );
  }
  const { $schema, ...shown } = schema ?? { type: 'object', properties: {} };
  const definition = {
    type: 'function',
    name,
    ...(description !== undefined && { description }),
    parameters: shown,
  };
  const read = (args) => (standard ? validated(standard, args) : checked(shown, args));
  return { name, definition, read, execute, needsApproval, timeout };
}

/** Marks a tool's result that the model shall know, and need not speak about. */
export function backgroundResult(output) {
  return { [BACKGROUND]: true, output };
}

async function validated(standard, args) {
  const { issues, value } = await standard.validate(args);
  if (issues) {
    const words = issues.map(({ message, path }) => {
      const place = path?.map((part) => part.key ?? part).join('.');
      return place ? `${place}: ${message}` : message;
    });
    throw new TypeError(words.join('; '));
  }
  return value;
}

/** Checks the members at the top: those that are required, and their types. */
function checked({ required = [], properties = {} }, args) {
  const missing = required.find((key) => !Object.hasOwn(args, key));
  if (missing !== undefined) {
    throw new TypeError(`missing field \`${missing}\``);
  }
  for (const [key, { type }] of Object.entries(properties)) {
    if (Object.hasOwn(args, key) && typeof type === 'string' && !isOfType(args[key], type)) {
      throw new TypeError(`\`${key}\` is not of type ${type}`);
    }
  }
  return args;
}

function isOfType(value, type) {
  switch (type) {
    case 'integer':
      return Number.isInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'null':
      return value === null;
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    default:
      return typeof value === type;
  }
}

/**
 * Runs calls beside the conversation, up to a limit at a time, until they finish or take too long.
 */
export class ToolRuns {
  #tools;
  #settings;
  #finished;
  #waiting = [];
  /** Calls that run, each with the way to stop it. */
  #running = new Map();

  /**
   * `finished` is told each call with its result, which is an error if the tool is unknown, fails
   * or takes too long.
   */
  constructor(tools, { timeout = 60_000, concurrency = 8, approve } = {}, finished) {
    this.#tools = new Map(tools.map((one) => [one.name, one]));
    this.#settings = { timeout, concurrency, approve };
    this.#finished = finished;
  }

  get definitions() {
    return [...this.#tools.values()].map(({ definition }) => definition);
  }

  add(call) {
    this.#waiting.push(call);
    this.#start();
  }

  /** Stops a call: nothing comes of it. */
  stop(callId) {
    this.#waiting = this.#waiting.filter(({ call_id }) => call_id !== callId);
    this.#end(callId);
    this.#start();
  }

  #start() {
    while (this.#running.size < this.#settings.concurrency && this.#waiting.length > 0) {
      this.#run(this.#waiting.shift());
    }
  }

  async #run(call) {
    const stop = new AbortController();
    const limit = this.#tools.get(call.name)?.timeout ?? this.#settings.timeout;
    this.#running.set(call.call_id, stop);
    let timer;
    const late = new Promise((resolve) => {
      const words = `the tool did not finish within ${limit / 1000} s`;
      timer = setTimeout(() => resolve(failure(words)), Math.min(limit, LONGEST));
      stop.signal.addEventListener('abort', () => resolve());
    });
    const result = await Promise.race([late, this.#result(call, stop.signal)]);
    clearTimeout(timer);
    if (this.#end(call.call_id)) {
      this.#finished(call, result);
    }
    this.#start();
  }

  /** Aborts a call's signal. Returns false if the call has been stopped. */
  #end(callId) {
    const stop = this.#running.get(callId);
    this.#running.delete(callId);
    stop?.abort();
    return stop !== undefined;
  }

  async #result(call, signal) {
    try {
      const one = this.#tools.get(call.name);
      const decision = await this.#decide(call, one);
      if (decision !== true) {
        return { ...failure(decision || 'the user did not approve'), denied: true };
      }
      if (call.type === 'mcp_approval') {
        return { output: '' };
      }
      if (!one) {
        return failure(`there is no tool ${JSON.stringify(call.name)}`);
      }
      let args;
      try {
        args = await one.read(parsed(call.arguments));
      } catch (error) {
        return failure(`the arguments do not fit: ${error.message}`);
      }
      const value = await one.execute(args, { call, signal });
      const background = value?.[BACKGROUND] === true;
      return {
        output: written(background ? value.output : value),
        ...(background && { background }),
      };
    } catch (error) {
      return failure(error?.message ?? String(error));
    }
  }

  /**
   * Returns true, or the reason why a call is not made. What nobody has approved of is not
   * approved.
   */
  async #decide(call, one) {
    const { needsApproval } = one ?? {};
    const asks = typeof needsApproval === 'function' ? await needsApproval(call) : needsApproval;
    const { approve } = this.#settings;
    return asks || call.type === 'mcp_approval' ? ((await approve?.(call)) ?? false) : true;
  }
}

/** Returns the result of a call that failed. */
function failure(message) {
  return { output: JSON.stringify({ error: message }), failed: true };
}

/** Reads a call's arguments. Models leave them out if there are none. */
function parsed(text) {
  const args = text.trim() === '' ? {} : (JSON.parse(text) ?? {});
  if (typeof args !== 'object' || Array.isArray(args)) {
    throw new TypeError('they are no object');
  }
  return args;
}

function written(value) {
  if (value === undefined) {
    return 'done';
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}
