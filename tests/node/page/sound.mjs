// Sound in tests: recordings, and how alike two sounds are.

import { readFileSync, writeFileSync } from 'node:fs';

/** The samples of a WAV file of 16 bits and one channel, and how many make a second. */
export function readWav(path) {
  const file = readFileSync(path);
  let rate;
  for (let at = 12; at + 8 <= file.length;) {
    const name = file.toString('latin1', at, at + 4);
    const size = file.readUInt32LE(at + 4);
    const body = file.subarray(at + 8, at + 8 + size);
    if (name === 'fmt ') rate = body.readUInt32LE(4);
    if (name === 'data') return { rate, samples: pcm16(body) };
    at += 8 + size + (size % 2);
  }
  throw new Error(`${path} is no WAV file`);
}

/** Writes such a file. */
export function writeWav(path, rate, samples) {
  const file = Buffer.alloc(44 + 2 * samples.length);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(2 * rate, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(2 * samples.length, 40);
  samples.forEach((sample, at) => file.writeInt16LE(Math.round(sample * 32768), 44 + 2 * at));
  writeFileSync(path, file);
}

/** Samples from -1 to 1, of 16 bits each, little-endian. */
export function pcm16(bytes) {
  return Float32Array.from(
    { length: bytes.length >> 1 },
    (_, at) => bytes.readInt16LE(2 * at) / 32768,
  );
}

export function silence(seconds, rate) {
  return new Float32Array(Math.round(seconds * rate));
}

export function join(...pieces) {
  const whole = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Every `factor` samples become one, their mean. */
export function thinned(samples, factor) {
  return Float32Array.from({ length: Math.floor(samples.length / factor) }, (_, at) => {
    const piece = samples.subarray(at * factor, (at + 1) * factor);
    return piece.reduce((sum, sample) => sum + sample, 0) / factor;
  });
}

/** Returns the position of one sound in another, sample for sample, or -1. */
export function indexOf(whole, piece) {
  // There is silence almost everywhere: what is compared first is a sound.
  const sound = Math.max(
    0,
    piece.findIndex((sample) => sample !== 0),
  );
  for (let at = 0; at + piece.length <= whole.length; at++) {
    if (whole[at + sound] !== piece[sound]) continue;
    let same = 0;
    while (same < piece.length && whole[at + same] === piece[same]) same++;
    if (same === piece.length) return at;
  }
  return -1;
}

/**
 * Returns how alike a recorded sound and its original of the same rate are: 1 for the same sound.
 *
 * The original is compared in pieces of `length` samples, each at the place where it fits best, and
 * the median counts: a microphone may lose some milliseconds on a busy machine, which shifts
 * everything behind them.
 */
export function likeness(recorded, original, length) {
  const energy = (samples) => samples.reduce((sum, sample) => sum + sample * sample, 0);
  const loud = (energy(original) / original.length) * length;
  const found = [];
  for (let at = 0; at + length <= original.length; at += length) {
    const piece = original.subarray(at, at + length);
    if (energy(piece) > loud / 2) found.push(fit(recorded, piece, energy));
  }
  return found.sort((one, other) => one - other)[found.length >> 1];
}

/** Returns the highest correlation of a piece with any part of a sound. */
function fit(whole, piece, energy) {
  const own = energy(piece);
  let best = 0;
  for (let shift = 0; shift + piece.length <= whole.length; shift++) {
    const part = whole.subarray(shift, shift + piece.length);
    const sum = piece.reduce((sum, sample, at) => sum + sample * part[at], 0);
    // Rounding would make near silence look like anything.
    const scale = Math.max(energy(part), own / 10) * own;
    best = Math.max(best, sum / Math.sqrt(scale));
  }
  return best;
}
