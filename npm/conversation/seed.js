// A history as the events that put it into a new session.

/**
 * Returns the events, in order. A call without an output is left out, unless it is one of the open
 * ones.
 */
export function seed(entries, behind, openCalls) {
  const items = entries.map(({ item }) => item);
  const outputs = items
    .filter(({ type }) => type === 'function_call_output')
    .map(({ call_id }) => call_id);
  const called = new Set();
  let previous_item_id = behind;
  const events = [];
  for (const entry of entries) {
    const item = seeded(entry, outputs, openCalls, called);
    if (item?.id) {
      events.push({ type: 'conversation.item.create', previous_item_id, item });
      previous_item_id = item.id;
    }
  }
  return events;
}

function seeded(entry, outputs, openCalls, called) {
  const { object, status, ...item } = entry.item;
  switch (item.type) {
    case 'message':
      return seededMessage(item, entry);
    case 'function_call': {
      // A call without its output would leave the model waiting.
      const isAnswered = entry.status === 'completed' && outputs.includes(item.call_id);
      if (called.has(item.call_id) || !(isAnswered || openCalls.includes(item.call_id))) {
        return undefined;
      }
      called.add(item.call_id);
      return item;
    }
    case 'function_call_output':
      return called.delete(item.call_id) ? item : undefined;
    default:
      return undefined;
  }
}

function seededMessage({ phase, ...message }, entry) {
  const type = message.role === 'assistant' ? 'output_text' : 'input_text';
  const text = (said) => (said ? [{ type, text: said }] : []);
  const content =
    entry.truncated_ms !== undefined
      ? text(entry.heard)
      : message.content.flatMap((part) => {
          if (part.type === 'input_image') {
            return part.image_url ? [part] : [];
          }
          return text(part.text || part.transcript);
        });
  return content.length > 0 ? { ...message, content } : undefined;
}
