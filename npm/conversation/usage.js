// Tokens that a conversation used, by kind. The rules are those of src/conversation/usage.rs.

/** Number of responses and transcriptions that are remembered, so that none counts twice. */
const REMEMBERED = 64;

/** Meter of the tokens that a conversation used: per session, and in all, across reconnects. */
export class Usage {
  #total;
  #session;
  #counted;

  /** Returns a meter that has counted nothing, or a saved one. */
  constructor(saved) {
    this.#total = sum(noTokens(), saved?.total);
    this.#session = sum(noTokens(), saved?.session);
    this.#counted = [...(saved?.counted ?? [])];
  }

  /** Tokens of the whole conversation. */
  get total() {
    return this.#total;
  }

  /** Tokens since the last `session.created`. */
  get session() {
    return this.#session;
  }

  toJSON() {
    return { total: this.#total, session: this.#session, counted: this.#counted };
  }

  /**
   * Takes an event of the server, and returns the tokens of the response or transcription that it
   * ends.
   */
  received(event) {
    let [key, tokens] = [];
    if (event.type === 'response.done') {
      [key, tokens] = [event.response?.id, ofResponse(event.response?.usage)];
    } else if (event.type === 'conversation.item.input_audio_transcription.completed') {
      [key, tokens] = [
        `${event.item_id}/${event.content_index ?? 0}`,
        ofTranscription(event.usage),
      ];
    } else if (event.type === 'session.created') {
      this.#session = noTokens();
    }
    if (!tokens || this.#counted.includes(key)) {
      return undefined;
    }
    this.#counted = [...this.#counted, key].slice(-REMEMBERED);
    this.#session = sum(this.#session, tokens);
    this.#total = sum(this.#total, tokens);
    return tokens;
  }
}

function noTokens() {
  return {
    responses: 0,
    input: {
      total: 0,
      text: 0,
      audio: 0,
      image: 0,
      cached: 0,
      cached_text: 0,
      cached_audio: 0,
      cached_image: 0,
    },
    output: { total: 0, text: 0, audio: 0, reasoning: 0 },
    transcription: { total: 0, input: 0, input_audio: 0, output: 0, seconds: 0 },
  };
}

function sum(one, other = {}) {
  const entries = Object.entries(one).map(([key, value]) => {
    const more = other[key] ?? 0;
    return [key, typeof value === 'object' ? sum(value, more || {}) : value + more];
  });
  return Object.fromEntries(entries);
}

function ofResponse(usage) {
  if (!usage) {
    return undefined;
  }
  const { input_token_details: read = {}, output_token_details: written = {} } =
    withoutNulls(usage);
  const cached = read.cached_tokens_details ?? {};
  const tokens = noTokens();
  tokens.responses = 1;
  tokens.input.text = read.text_tokens ?? 0;
  tokens.input.audio = read.audio_tokens ?? 0;
  tokens.input.image = read.image_tokens ?? 0;
  tokens.input.cached_text = cached.text_tokens ?? 0;
  tokens.input.cached_audio = cached.audio_tokens ?? 0;
  tokens.input.cached_image = cached.image_tokens ?? 0;
  const { text, audio, image, cached_text, cached_audio, cached_image } = tokens.input;
  // Details may be missing, and so may the totals.
  tokens.input.total = usage.input_tokens ?? text + audio + image;
  tokens.input.cached = Math.min(
    read.cached_tokens ?? cached_text + cached_audio + cached_image,
    tokens.input.total,
  );
  tokens.output.text = written.text_tokens ?? 0;
  tokens.output.audio = written.audio_tokens ?? 0;
  tokens.output.total = usage.output_tokens ?? tokens.output.text + tokens.output.audio;
  tokens.output.reasoning = Math.min(written.reasoning_tokens ?? 0, tokens.output.total);
  return tokens;
}

function ofTranscription(usage) {
  if (!usage) {
    return undefined;
  }
  const tokens = noTokens();
  if (usage.type === 'duration') {
    tokens.transcription.seconds = Math.max(0, usage.seconds ?? 0);
  } else {
    tokens.transcription.total = usage.total_tokens ?? 0;
    tokens.transcription.input = usage.input_tokens ?? 0;
    tokens.transcription.input_audio = usage.input_token_details?.audio_tokens ?? 0;
    tokens.transcription.output = usage.output_tokens ?? 0;
  }
  return tokens;
}

function withoutNulls(usage) {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== null));
}
