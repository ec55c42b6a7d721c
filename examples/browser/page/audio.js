// Code of the audio thread, which runs JavaScript modules only: samples from the microphone, samples to the loudspeaker.
// Everything else is Rust.

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
 * Plays blocks of samples in order; any other message silences it. Reports the samples played since the last silence, their
 * level, and whether it was silenced.
 */
class Speaker extends AudioWorkletProcessor {
  #blocks = [];
  #at = 0;
  #played = 0;
  #energy = 0;
  #passed = 0;
  #resting = true;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      if (data instanceof Float32Array) this.#blocks.push(data);
      else this.#silence();
    };
  }

  process(_, [[channel]]) {
    let filled = 0;
    while (filled < channel.length && this.#blocks.length > 0) {
      const piece = this.#blocks[0].subarray(this.#at, this.#at + channel.length - filled);
      channel.set(piece, filled);
      filled += piece.length;
      this.#at += piece.length;
      if (this.#at === this.#blocks[0].length) {
        this.#blocks.shift();
        this.#at = 0;
      }
    }
    if (filled > 0) {
      this.#resting = false;
      this.#played += filled;
      this.#passed += channel.length;
      for (const sample of channel) this.#energy += sample * sample;
    }
    // About every 20 ms during playback, and once at its end.
    if (filled === 0) this.#rest();
    else if (this.#passed >= sampleRate / 50) this.#tell(Math.sqrt(this.#energy / this.#passed));
    return true;
  }

  #rest() {
    if (!this.#resting) this.#tell(0);
    this.#resting = true;
  }

  #silence() {
    this.#blocks = [];
    this.#at = 0;
    this.#resting = true;
    this.#tell(0, true);
    this.#played = 0;
  }

  #tell(loudness, silenced = false) {
    this.port.postMessage([this.#played, loudness, silenced]);
    this.#energy = 0;
    this.#passed = 0;
  }
}

registerProcessor("microphone", Microphone);
registerProcessor("speaker", Speaker);
