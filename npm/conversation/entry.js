// One entry of the history. Entries are never changed but replaced, so that views can compare them.

import { textOfContent } from './outcome.js';

/** Names that older servers give to parts, and today's. */
const PARTS = {
  assistant: { text: 'output_text', audio: 'output_audio' },
  other: { text: 'input_text', audio: 'input_audio' },
};

/** One item of the conversation, as far as it is known. */
export class HistoryEntry {
  constructor(fields) {
    const defaults = { status: 'in_progress', transcription_failed: false, on_server: true };
    Object.assign(this, { ...defaults, audio_bytes: 0, bytes_per_second: 0, ...fields });
  }

  /** Returns the entry of an item that the server tells of. */
  static of(item, done) {
    const entry = new HistoryEntry({ item: withoutAudio(item) });
    return done || !grows(item) ? entry.settled(item) : entry;
  }

  /** Returns an entry with some fields changed. */
  with(fields) {
    return new HistoryEntry({ ...this, ...fields });
  }

  get id() {
    return this.item.id;
  }

  get type() {
    return this.item.type;
  }

  get role() {
    return this.item.role;
  }

  /**
   * The text so far: of a message what was written or said, of a call its arguments, of an output
   * the output.
   */
  get text() {
    const { item } = this;
    switch (item.type) {
      case 'message':
        return textOfContent(item.content);
      case 'function_call':
        return item.arguments ?? '';
      case 'function_call_output':
        return item.output ?? '';
      case 'mcp_call':
        return item.output ?? item.arguments ?? '';
      default:
        return '';
    }
  }

  /**
   * The text that the user heard: cut by the share of the audio that was played, at the end of a
   * word.
   */
  get heard() {
    const { text, truncated_ms: heard, audio_ms: length } = this;
    if (heard === undefined) {
      return text;
    }
    if (!length) {
      // Without the audio's length, only nothing is certain.
      return heard === 0 ? '' : text;
    }
    return heardText(text, heard, length);
  }

  /** The length of the audio that was received, in milliseconds; undefined if there was none. */
  get audio_ms() {
    const { audio_bytes, bytes_per_second } = this;
    return bytes_per_second ? Math.floor((audio_bytes * 1000) / bytes_per_second) : undefined;
  }

  /** The serialised form, which the Rust crate reads, too. */
  toJSON() {
    const { on_server, ...kept } = this;
    return kept;
  }

  /** Returns the entry with a response that made it. */
  respondedBy(response_id) {
    return this.response_id === undefined && response_id ? this.with({ response_id }) : this;
  }

  /** Returns the entry with the text of a part changed; undefined if there is no such part. */
  withText(index, kind, change) {
    const { item } = this;
    if (item.type !== 'message' || !(index <= item.content.length)) {
      return undefined;
    }
    const content = [...item.content];
    // A part announces itself before it grows, so no more than one is missing.
    content[index] ??= {
      type: PARTS[item.role === 'assistant' ? 'assistant' : 'other'][
        kind === 'text' ? 'text' : 'audio'
      ],
    };
    const before = content[index][kind] ?? '';
    const after = change(before);
    if (after === before && index < item.content.length) {
      return this;
    }
    content[index] = { ...content[index], [kind]: after };
    return this.with({ item: { ...item, content } });
  }

  /** Returns the entry with the arguments of a call changed; undefined if it is no call. */
  withArguments(change) {
    const { item } = this;
    if (item.type !== 'function_call' && item.type !== 'mcp_call') {
      return undefined;
    }
    const before = item.arguments ?? '';
    const after = change(before);
    return after === before ? this : this.with({ item: { ...item, arguments: after } });
  }

  /**
   * Returns the entry with the server's account. What it leaves out, such as the transcript of a
   * truncated reply, stays.
   */
  learnt(item) {
    const known = this.item;
    const told = withoutAudio(item);
    if (known.type === 'message' && told.type === 'message') {
      const content = learntContent(known.content, told.content, this.truncated_ms !== undefined);
      const phase = told.phase ?? known.phase;
      return this.with({ item: { ...known, ...(phase && { phase }), content } });
    }
    if (known.type === 'function_call' && told.type === 'function_call') {
      const call_id = told.call_id ?? known.call_id;
      const [name, text] = [told.name || known.name, told.arguments || known.arguments];
      return this.with({ item: { ...known, call_id, name, arguments: text } });
    }
    return this.with({ item: told });
  }

  /** Returns the entry with the status of an item that will not change any more. */
  settled(item) {
    const cut =
      item.status === 'incomplete' && (item.type === 'message' || item.type === 'function_call');
    return this.with({ status: cut ? 'incomplete' : 'completed' });
  }
}

function learntContent(known, told, truncated) {
  const content = [...known];
  told.forEach((part, index) => {
    const before = content[index];
    if (!before) {
      content[index] = part;
      return;
    }
    const { image_url = before.image_url, detail = before.detail } = part;
    const after = { ...before, ...(image_url && { image_url }), ...(detail && { detail }) };
    const said = part.text ?? part.transcript;
    if (said && !truncated) {
      // What was said stays so: a restored session has speech as text.
      after[
        before.type === 'input_audio' || before.type === 'output_audio' ? 'transcript' : 'text'
      ] = said;
    }
    content[index] = after;
  });
  return content;
}

/** Returns true for an item that the model makes piece by piece. */
function grows({ type, role, status }) {
  const isMade = (type === 'message' && role === 'assistant') || type === 'function_call';
  return type === 'mcp_call' || (isMade && status === 'in_progress');
}

/** Returns the item as it is kept. */
function withoutAudio(item) {
  if (item.type !== 'message') {
    return present(item);
  }
  const { type, id, role, phase, content } = item;
  const names = PARTS[role === 'assistant' ? 'assistant' : 'other'];
  const parts = (content ?? []).map((part) =>
    present({
      type: names[part.type] ?? part.type,
      text: part.text,
      transcript: part.transcript,
      image_url: part.image_url,
      detail: part.detail,
    }),
  );
  return present({ type, id, role, phase, content: parts });
}

/** Leaves out members that are null or undefined. */
function present(object) {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== null && value !== undefined),
  );
}

/** Returns the words of a text that fit into a share of its audio. */
function heardText(text, heardMs, audioMs) {
  if (heardMs >= audioMs) {
    return text;
  }
  const letters = Array.from(text);
  const count = Math.floor((letters.length * heardMs) / audioMs);
  const endsWord = (letter) => /\s/u.test(letter) || isWordAlone(letter);
  let cut = count;
  if (!endsWord(letters[count] ?? ' ')) {
    while (cut > 0 && !endsWord(letters[cut - 1])) {
      cut -= 1;
    }
  }
  return letters.slice(0, cut).join('').trimEnd();
}

/**
 * Returns true for a character of a script that writes no spaces between words, such as Chinese.
 */
function isWordAlone(letter) {
  return /[\u2E80-\u9FFF\uAC00-\uD7AF\uF900-\uFAFF\uFF00-\uFFEF\u{20000}-\u{3FFFF}]/u.test(letter);
}
