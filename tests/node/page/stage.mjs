// Setup of the page's tests: its server, a connection to the emulator that can be cut, and Chromium
// with a recording as its microphone.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { connect, createServer } from 'node:net';
import { chromium } from 'playwright-core';

const { EMULATOR_WS_URL, PAGE_SERVER, CHROMIUM } = process.env;

/** The page's server, on a free port, with its keys from this service. */
export async function serve(service) {
  const server = spawn(PAGE_SERVER, ['--port', '0', '--emulator', service], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(server, 'exit');
  // Also after a test that was given up.
  process.once('exit', () => server.kill());
  const stop = async () => {
    server.kill();
    await ended;
  };
  for await (const line of createInterface({ input: server.stdout })) {
    const url = line.match(/^open (\S+)$/)?.[1];
    if (url) return { url, stop, [Symbol.asyncDispose]: stop };
  }
  throw new Error("the page's server did not start");
}

/**
 * A line to the emulator: it can be cut without a word, as networks do, and stay so; it begins at a
 * free port of this machine, or this one.
 */
export async function line(at = 0) {
  const { hostname, port, pathname } = new URL(EMULATOR_WS_URL);
  const open = new Set();
  const listener = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      open.add(from);
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
      // A reset is an end like another.
      from.on('error', () => {});
      from.pipe(to);
    }
  });
  listener.listen(at, '127.0.0.1');
  await once(listener, 'listening');
  const cut = () => open.forEach((socket) => socket.destroy());
  const remove = async () => {
    const closed = once(listener, 'close');
    listener.close();
    cut();
    await closed;
  };
  return {
    url: `ws://127.0.0.1:${listener.address().port}${pathname}`,
    cut,
    remove,
    [Symbol.asyncDispose]: remove,
  };
}

/** Chromium; it hears this WAV file once for every microphone that is opened. */
export async function browser(recording) {
  const args = ['--no-sandbox'];
  if (recording)
    args.push(
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-audio-capture=${recording}%noloop`,
    );
  return chromium.launch({ executablePath: CHROMIUM, args });
}

/** A page that notes what it plays, how its meters move, and what passes over its sockets. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 800, height: 640 }, ...options });
  const page = await context.newPage();
  const wrong = [];
  page.on('pageerror', (error) => wrong.push(error));
  const sent = [];
  const received = [];
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => sent.push(JSON.parse(payload)));
    socket.on('framereceived', ({ payload }) => received.push(JSON.parse(payload)));
  });
  await page.addInitScript(record);
  await page.goto(url);
  return { page, sent, received, wrong };
}

/** Runs in the page, before its own code. */
function record() {
  const noted = { blocks: [], count: 0, microphone: [], speaker: [] };
  window.noted = noted;
  const { connect } = AudioNode.prototype;
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) {
      const tap = new MediaStreamAudioDestinationNode(this.context, { channelCount: 1 });
      connect.call(this, tap);
      keep(tap.stream.getAudioTracks()[0]);
    }
    return connect.call(this, target, ...rest);
  };
  // The browser's echo canceller and its kin change speech: without them it can be compared.
  const { getUserMedia } = MediaDevices.prototype;
  MediaDevices.prototype.getUserMedia = function ({ audio }) {
    const plain = {
      ...audio,
      echoCancellation: false,
      noiseSuppression: false,
      autoGainControl: false,
    };
    return getUserMedia.call(this, { audio: plain });
  };
  const keep = async (track) => {
    for await (const data of new MediaStreamTrackProcessor({ track, maxBufferSize: 1000 })
      .readable) {
      const block = new Float32Array(data.numberOfFrames);
      data.copyTo(block, { planeIndex: 0, format: 'f32-planar' });
      data.close();
      noted.blocks.push(block);
      noted.count += block.length;
    }
  };
  const note = () => {
    // Levels, frame by frame.
    for (const meter of ['microphone', 'speaker'])
      noted[meter].push(document.getElementById(meter)?.value ?? 0);
    requestAnimationFrame(note);
  };
  note();
}

/** All that the page has played so far, silence included. */
export async function played(page) {
  const bytes = await page.evaluate(async () => {
    const reader = new FileReader();
    const read = new Promise((resolve) => reader.addEventListener('load', resolve));
    reader.readAsDataURL(new Blob(window.noted.blocks));
    await read;
    return reader.result.slice(reader.result.indexOf(',') + 1);
  });
  // A copy, since floats must lie at multiples of four.
  return new Float32Array(new Uint8Array(Buffer.from(bytes, 'base64')).buffer);
}
