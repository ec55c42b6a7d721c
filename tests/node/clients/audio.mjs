// Speech for the emulator's turn detection: 16-bit samples, 24,000 a second.

const RATE = 24_000;

/** Seconds of speech whose reply, which takes as long, is to be interrupted. */
export const LONG = 40;

/** Returns a loud tone of this many seconds. */
export function tone(seconds) {
  return pcm(seconds, (index) => 12_000 * Math.sin((2 * Math.PI * 300 * index) / RATE));
}

/** Returns silence of this many seconds. */
export function silence(seconds) {
  return pcm(seconds, () => 0);
}

function pcm(seconds, sample) {
  return Int16Array.from({ length: seconds * RATE }, (_, index) => sample(index)).buffer;
}

/** Returns the samples as the protocol carries them. */
export function base64(samples) {
  return Buffer.from(samples).toString('base64');
}
