// Another sample rate, piece by piece: windowed sinc functions.

/** Zero crossings of the sinc function on either side of a kernel. */
const CROSSINGS = 16;
/** Share of the spectrum that passes; the rest is the slope. */
const PASSED = 0.95;

/**
 * Resampler of a stream, for microphones whose rate is not the service's. It delays sound by a
 * millisecond or two.
 */
export class Resampler {
  /** Samples in for samples out. */
  #from;
  #to;
  /** A kernel for each place of a sample out between two samples in. */
  #kernels;
  /** Samples that later output needs. */
  #rest;
  /** Place of the next sample out after the first of the rest, in units of 1 / `#to`. */
  #place = 0;

  /** Rates are in Hz. */
  constructor(from, to = 24_000) {
    const divisor = greatestDivisor(from, to);
    [this.#from, this.#to] = [from / divisor, to / divisor];
    const cutoff = PASSED * Math.min(1, to / from);
    this.#kernels = Array.from({ length: this.#to }, (_, place) =>
      kernel(place / this.#to, cutoff),
    );
    // The first kernel needs samples before the beginning.
    this.#rest = new Float32Array(this.#kernels[0].length - 1);
  }

  /** Takes samples, and returns those that they complete at the other rate. */
  push(samples) {
    const rest = new Float32Array(this.#rest.length + samples.length);
    rest.set(this.#rest);
    rest.set(samples, this.#rest.length);
    const { length } = this.#kernels[0];
    const out = [];
    for (; Math.floor(this.#place / this.#to) + length <= rest.length; this.#place += this.#from) {
      const start = Math.floor(this.#place / this.#to);
      const weights = this.#kernels[this.#place % this.#to];
      let sum = 0;
      for (let at = 0; at < length; at += 1) {
        sum += rest[start + at] * weights[at];
      }
      out.push(sum);
    }
    const done = Math.min(Math.floor(this.#place / this.#to), rest.length);
    this.#rest = rest.slice(done);
    this.#place -= done * this.#to;
    return Float32Array.from(out);
  }
}

/**
 * Returns the weights of the samples in around a sample out at this share of the way to the next
 * one.
 */
function kernel(share, cutoff) {
  const half = Math.ceil(CROSSINGS / cutoff);
  const weights = Float32Array.from({ length: 2 * half }, (_, at) => {
    const x = at - (half - 1 + share);
    const sinc = x === 0 ? 1 : Math.sin(Math.PI * cutoff * x) / (Math.PI * cutoff * x);
    // A Hann window.
    return sinc * (0.5 + 0.5 * Math.cos((Math.PI * x) / half));
  });
  // A constant input gives the same constant output.
  const sum = weights.reduce((total, weight) => total + weight);
  return weights.map((weight) => weight / sum);
}

function greatestDivisor(one, other) {
  return other === 0 ? one : greatestDivisor(other, one % other);
}
