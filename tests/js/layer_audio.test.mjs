// Samples in the conversation layer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layer } from './classes.mjs';

const { fromBase64, Resampler, toBase64, toPcm16, toSamples } = layer;

/** A second of a tone. */
function tone(hertz, rate) {
  return Float32Array.from(
    { length: rate },
    (_, at) => 0.5 * Math.sin((2 * Math.PI * hertz * at) / rate),
  );
}

/** What a resampler makes of samples that come in pieces of 128. */
function resampled(samples, from, to) {
  const resampler = new Resampler(from, to);
  const out = [];
  for (let start = 0; start < samples.length; start += 128) {
    out.push(...resampler.push(samples.subarray(start, start + 128)));
  }
  return out;
}

const loudness = (samples) =>
  Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);

test('a tone stays that tone at another rate', () => {
  for (const rate of [8000, 24_000, 44_100, 48_000, 96_000]) {
    const out = resampled(tone(440, rate), rate, 24_000);
    assert.ok(Math.abs(out.length - 24_000) <= 1, `${rate}: ${out.length}`);
    const expected = tone(440, 24_000);
    const error = (delay) =>
      Math.max(
        ...out
          .slice(2000, 20_000)
          .map((sample, at) => Math.abs(sample - expected[2000 + at - delay])),
      );
    const best = Math.min(...Array.from({ length: 200 }, (_, delay) => error(delay)));
    assert.ok(best < 0.05, `${rate}: ${best}`);
    assert.ok(Math.abs(loudness(out.slice(2000)) - 0.3536) < 0.002, `${rate}`);
  }
});

test('the pieces are the whole, and what the rate cannot carry is gone', () => {
  const samples = tone(440, 48_000);
  assert.deepEqual(resampled(samples, 48_000, 24_000), [...new Resampler(48_000).push(samples)]);
  assert.ok(loudness(resampled(tone(15_000, 48_000), 48_000, 24_000).slice(1000)) < 0.001);
});

test('samples survive 16 bits and base64', () => {
  const pcm = Int16Array.of(-32_768, -1, 0, 1, 32_767);
  assert.deepEqual(toPcm16(toSamples(toBase64(pcm))), pcm);
  assert.deepEqual(toPcm16(Float32Array.of(-2, 2, NaN)), Int16Array.of(-32_768, 32_767, 0));
  const bytes = Uint8Array.from({ length: 20_000 }, (_, at) => (at * 7) % 256);
  assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
  assert.deepEqual(fromBase64(toBase64(bytes.buffer)), bytes);
});

test('telephone samples are decoded as G.711 says', () => {
  const decoded = (type, ...bytes) =>
    [...toSamples(toBase64(Uint8Array.from(bytes)), { type })].map(
      (sample) => Math.trunc(sample * 32_768) | 0,
    );
  assert.deepEqual(
    decoded('audio/pcmu', 0x00, 0x7f, 0x80, 0xff, 0x8f, 0x0f),
    [-32_124, 0, 32_124, 0, 16_764, -16_764],
  );
  assert.deepEqual(
    decoded('audio/pcma', 0x2a, 0xaa, 0x55, 0xd5, 0x80, 0x00),
    [-32_256, 32_256, -8, 8, 5504, -5504],
  );
});
