// The audio thread: samples from the microphone, samples to the loudspeaker.

/** Sends the microphone's samples in blocks of about 20 ms. */
class Recorder extends AudioWorkletProcessor {
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
 * Plays samples in order, and reports the place in their stream that it has played; null silences
 * it.
 */
class Player extends AudioWorkletProcessor {
  #blocks = [];

  constructor() {
    super();
    this.port.onmessage = ({ data }) => (data ? this.#blocks.push(data) : (this.#blocks = []));
  }

  process(_, [[channel]]) {
    let filled = 0;
    let played;
    while (filled < channel.length && this.#blocks.length > 0) {
      const block = this.#blocks[0];
      const piece = block.samples.subarray(0, channel.length - filled);
      channel.set(piece, filled);
      filled += piece.length;
      block.samples = block.samples.subarray(piece.length);
      // `position` is the place behind the block's last sample.
      played = block.position - block.samples.length;
      if (block.samples.length === 0) this.#blocks.shift();
    }
    if (played !== undefined) this.port.postMessage(played);
    return true;
  }
}

registerProcessor('recorder', Recorder);
registerProcessor('player', Player);
