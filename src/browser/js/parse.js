// From a frame to an event (contracts 41 to 47).

const decoder = new TextDecoder();

/** Returns the event in a frame. Its exceptions quote nothing of the frame. */
export function parseEvent(data) {
  const event = parse(typeof data === 'string' ? data : text(data));
  if (typeof event?.type !== 'string' || !Object.hasOwn(event, 'type') || Array.isArray(event)) {
    throw new TypeError('Realtime WebSocket event must be an object with a string type.');
  }
  return event;
}

/** A binary frame is read as text, too. */
function text(data) {
  return data instanceof ArrayBuffer || ArrayBuffer.isView(data)
    ? decoder.decode(data)
    : data.toString();
}

function parse(json) {
  try {
    return JSON.parse(json);
  } catch (error) {
    // The message of the parser's own exception quotes the text.
    throw error instanceof SyntaxError
      ? new SyntaxError('Could not parse Realtime WebSocket event data as JSON.')
      : error;
  }
}
