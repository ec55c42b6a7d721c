// Audio in base64 and its lengths.

/** Bytes of a second in a format of the protocol. */
export function bytesPerSecond(format) {
  const rate = format?.rate ?? 24_000;
  return format?.type === 'audio/pcmu' || format?.type === 'audio/pcma'
    ? 8_000
    : 2 * Math.max(rate, 1);
}

/** Bytes of a sample in a format of the protocol. */
export function bytesPerSample(format) {
  return format?.type === 'audio/pcmu' || format?.type === 'audio/pcma' ? 1 : 2;
}

/** Returns the number of bytes that base64 stands for, without decoding it. */
export function decodedLength(base64) {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return Math.floor((base64.length - padding) * 0.75);
}

/** Decodes base64 to bytes. */
export function fromBase64(base64) {
  return (
    Uint8Array.fromBase64?.(base64) ??
    Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
  );
}

/** Encodes bytes, or the bytes of samples, as base64. */
export function toBase64(audio) {
  const bytes = ArrayBuffer.isView(audio)
    ? new Uint8Array(audio.buffer, audio.byteOffset, audio.byteLength)
    : new Uint8Array(audio);
  if (bytes.toBase64) {
    return bytes.toBase64();
  }
  let letters = '';
  // A call takes a limited number of arguments.
  for (let start = 0; start < bytes.length; start += 8192) {
    letters += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return btoa(letters);
}

/** Decodes audio of a format of the protocol to samples from -1 to 1. */
export function toSamples(base64, format) {
  const bytes = fromBase64(base64);
  if (bytesPerSample(format) === 1) {
    const decode = format.type === 'audio/pcma' ? fromALaw : fromMuLaw;
    return Float32Array.from(bytes, (byte) => decode(byte) / 32_768);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from(
    { length: bytes.length >> 1 },
    (_, at) => view.getInt16(2 * at, true) / 32_768,
  );
}

/** Converts samples from -1 to 1 to 16-bit ones, as `audio/pcm` has them. */
export function toPcm16(samples) {
  return Int16Array.from(samples, (sample) =>
    Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))),
  );
}

// ITU-T G.711: a sign, three bits of exponent, four of mantissa.
function fromMuLaw(byte) {
  const code = ~byte;
  const magnitude = ((((code & 0x0f) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84;
  return code & 0x80 ? -magnitude : magnitude;
}

function fromALaw(byte) {
  const code = byte ^ 0x55;
  const exponent = (code & 0x70) >> 4;
  const mantissa = ((code & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return code & 0x80 ? magnitude : -magnitude;
}
