// Calls of tools and their outputs: each call is answered once. The rules are those of
// src/conversation/tools/calls.rs.

/** Number of calls and responses that are remembered, so that none is answered twice. */
const MAX_REMEMBERED = 1024;

/** Record of the calls that the model makes, and of their outputs. It runs nothing. */
export class ToolCalls {
  /** The calls of each response that are not settled. */
  #groups = [];
  /** Ids of all calls so far. */
  #seen = [];
  /** Ids of responses that have ended. */
  #done = [];
  #followUps = [];
  #maxSteps;
  /** Number of replies to outputs since the user said something. */
  #steps = 0;

  /** After `maxSteps` replies to outputs without the user, a reply is asked for without tools. */
  constructor(maxSteps = 10) {
    this.#maxSteps = maxSteps;
  }

  /** Takes an event of the server, and returns the calls to run. */
  received(event) {
    switch (event.type) {
      case 'response.output_item.done':
        return this.#item(event.response_id, event.item ?? {});
      case 'response.done':
        return this.#responseDone(event.response ?? {});
      case 'conversation.item.added':
        // The application may have answered itself.
        if (event.item?.type === 'function_call_output') {
          this.#close(event.item.call_id);
          this.#settle();
        } else if (event.item?.type === 'message' && event.item.role === 'user') {
          this.#steps = 0;
        }
        return [];
      case 'input_audio_buffer.committed':
        this.#steps = 0;
        return [];
      default:
        return [];
    }
  }

  /** Returns the event that answers a call; undefined if it is answered or lost. */
  answer(callId, { output = '', background = false, denied = false }) {
    const call = this.#close(callId);
    if (!call) {
      return undefined;
    }
    const event = { type: 'conversation.item.create' };
    const group = this.#group(call.response_id);
    if (call.type === 'mcp_approval') {
      // The service goes on from there.
      event.previous_item_id = call.item_id;
      // The protocol requires an id, of at most 32 letters.
      const id = `answer_${call.call_id.slice(-24)}`;
      event.item = {
        type: 'mcp_approval_response',
        id,
        approval_request_id: call.call_id,
        approve: !denied,
      };
    } else {
      if (!background) {
        group.wantsReply.push(call.call_id);
      }
      event.item = { type: 'function_call_output', call_id: call.call_id, output };
    }
    this.#settle();
    return event;
  }

  /** Returns the request for a reply that is due, with the calls whose outputs it is about. */
  pollFollowUp() {
    return this.#followUps.shift();
  }

  /** The calls that are not answered. */
  get open() {
    return this.#groups.flatMap(({ open }) => open);
  }

  /** Gives up the calls that a new connection's session does not know, and returns them. */
  connectionLost(isLost) {
    const lost = [];
    for (const group of this.#groups) {
      const gone = (call) => !group.isDone || isLost(call);
      lost.push(...group.open.filter(gone));
      group.open = group.open.filter((call) => !gone(call));
    }
    this.#groups = this.#groups.filter(({ isDone }) => isDone);
    this.#settle();
    return lost;
  }

  #item(responseId, item) {
    const call = callOf(responseId, item);
    if (call) {
      if (!this.#isNew(call.call_id)) {
        return [];
      }
      this.#group(responseId).open.push(call);
      return [call];
    }
    // The service has run it, and waits for a request to go on.
    const isRun = item.type === 'mcp_call' && (item.output ?? item.error ?? null) !== null;
    if (isRun && this.#isNew(item.id)) {
      this.#group(responseId).wantsReply.push(item.id);
      this.#settle();
    }
    return [];
  }

  /** Some calls are told only at the end. */
  #responseDone({ id, status, output = [] }) {
    const calls = output.flatMap((item) => this.#item(id, item));
    remember(this.#done, id);
    const group = this.#groups.find(({ responseId }) => responseId === id);
    if (group) {
      Object.assign(group, { isDone: true, isCancelled: status === 'cancelled' });
    }
    this.#settle();
    return calls;
  }

  #isNew(callId) {
    const isNew = !this.#seen.includes(callId);
    if (isNew) {
      remember(this.#seen, callId);
    }
    return isNew;
  }

  #group(responseId) {
    let group = this.#groups.find((one) => one.responseId === responseId);
    if (!group) {
      const isDone = this.#done.includes(responseId);
      group = { responseId, open: [], isDone, wantsReply: [], isCancelled: false };
      this.#groups.push(group);
    }
    return group;
  }

  #close(callId) {
    for (const { open } of this.#groups) {
      const at = open.findIndex(({ call_id }) => call_id === callId);
      if (at >= 0) {
        return open.splice(at, 1)[0];
      }
    }
    return undefined;
  }

  /** Asks for the replies that are due. */
  #settle() {
    const groups = this.#groups;
    this.#groups = groups.filter(({ isDone, open }) => !isDone || open.length > 0);
    for (const { wantsReply, isCancelled } of groups.filter(
      (group) => !this.#groups.includes(group),
    )) {
      if (wantsReply.length > 0 && !isCancelled) {
        this.#steps += 1;
        const isLast = this.#steps > this.#maxSteps;
        const event = {
          type: 'response.create',
          ...(isLast && { response: { tool_choice: 'none' } }),
        };
        this.#followUps.push({ event, callIds: wantsReply });
      }
    }
  }
}

/** Returns the call that an item is; undefined if it is none, or was cut off. */
function callOf(response_id, item) {
  const { id: item_id, name, arguments: text } = item;
  if (item.type === 'mcp_approval_request') {
    const { server_label } = item;
    return {
      type: 'mcp_approval',
      call_id: item_id,
      item_id,
      response_id,
      name,
      arguments: text ?? '',
      server_label,
    };
  }
  const isCall = item.type === 'function_call' && item.call_id;
  return isCall && item.status !== 'incomplete' && item.status !== 'in_progress'
    ? { type: 'function', call_id: item.call_id, item_id, response_id, name, arguments: text ?? '' }
    : undefined;
}

function remember(ids, id) {
  if (ids.length >= MAX_REMEMBERED) {
    ids.shift();
  }
  ids.push(id);
}
