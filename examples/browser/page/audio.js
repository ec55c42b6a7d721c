// Code of the audio thread, which runs JavaScript modules only: samples from the microphone,
// samples to the loudspeaker. Everything else is Rust.

/** Sends the microphone's samples in blocks of about 20 ms. */
class Microphone extends AudioWorkletProcessor {
  #block = new Float32Array(Math.round(sampleRate / 50));
  #filled = 0;

  process([[channel]]) {
    for (const sample of channel ?? []) {
      this.#block[this.#filled++] = sample;
      if (this.#filled === this.#block.length) {
        this.port.postMessage(this.#block);
        this.#filled = 0;
      }
    }
    return true;
  }
}

/**
 * Plays blocks of samples in order, each with the item and content part that it belongs to; null
 * silences it. Reports the part under way, the samples of it that were played, and the level in
 * decibels.
 */
class Speaker extends AudioWorkletProcessor {
  #blocks = [];
  #at = 0;
  #part = [];
  #played = 0;
  #energy = 0;
  #passed = 0;
  #resting = true;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      if (data) this.#blocks.push(data);
      else this.#silence();
    };
  }

  process(_, [[channel]]) {
    let filled = 0;
    while (filled < channel.length && this.#blocks.length > 0) {
      const [samples, ...part] = this.#blocks[0];
      if (part.some((name, at) => name !== this.#part[at])) {
        this.#part = part;
        this.#played = 0;
      }
      const piece = samples.subarray(this.#at, this.#at + channel.length - filled);
      channel.set(piece, filled);
      filled += piece.length;
      this.#at += piece.length;
      this.#played += piece.length;
      if (this.#at === samples.length) {
        this.#blocks.shift();
        this.#at = 0;
      }
    }
    if (filled > 0) {
      this.#resting = false;
      this.#passed += channel.length;
      for (const sample of channel) this.#energy += sample * sample;
    }
    // About every 10 ms during playback, and once at its end.
    if (filled === 0) this.#rest();
    else if (this.#passed >= sampleRate / 100)
      this.#tell(10 * Math.log10(this.#energy / this.#passed));
    return true;
  }

  #silence() {
    this.#blocks = [];
    this.#at = 0;
    this.#rest();
  }

  #rest() {
    if (!this.#resting) this.#tell(-Infinity);
    this.#resting = true;
  }

  #tell(decibels) {
    this.port.postMessage([...this.#part, this.#played, decibels]);
    this.#energy = 0;
    this.#passed = 0;
  }
}

registerProcessor('microphone', Microphone);
registerProcessor('speaker', Speaker);
