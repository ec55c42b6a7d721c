// The example of a page: a person speaks, hears the reply, and interrupts it.

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeProject } from './project.mjs';
import { startSite } from './site.mjs';
import { build } from './tools.mjs';
import { startBrowser } from './webdriver.mjs';

const RATE = 48_000;

/** The browser's echo canceller and its kin take a tone for noise. */
const PLAIN = `<script>
  const { getUserMedia } = MediaDevices.prototype;
  MediaDevices.prototype.getUserMedia = function () {
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    return getUserMedia.call(this, { audio });
  };
</script>`;

/** A WAV file of a tone between silences; the microphone hears it again and again. */
function recording() {
  const samples = Int16Array.from({ length: 3 * RATE }, (_, at) => {
    const isVoice = at > 0.6 * RATE && at < 1.8 * RATE;
    return isVoice ? 12_000 * Math.sin((2 * Math.PI * 300 * at) / RATE) : 0;
  });
  const head = Buffer.alloc(44);
  head.write('RIFF');
  head.writeUInt32LE(36 + samples.byteLength, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(2 * RATE, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([head, Buffer.from(samples.buffer)]);
}

test('a voice assistant in a page', async () => {
  const example = fileURLToPath(new URL('../../examples/page', import.meta.url));
  const project = makeProject(example);
  const built = join(project.folder, 'built');
  await build({
    entryPoints: [join(project.folder, 'page.js')],
    bundle: true,
    format: 'esm',
    outdir: built,
  });
  copyFileSync(join(example, 'audio.js'), join(built, 'audio.js'));
  writeFileSync(
    join(built, 'index.html'),
    PLAIN + readFileSync(join(example, 'index.html'), 'utf8'),
  );
  const spoken = join(project.folder, 'spoken.wav');
  writeFileSync(spoken, recording());
  const token = { key: 'ek_test', baseURL: process.env.EMULATOR_WSS_URL };
  const site = await startSite(project.folder, { '/token': () => token });
  const browser = await startBrowser('chromium', (capabilities) => {
    const options = [
      'use-fake-device-for-media-stream',
      'use-fake-ui-for-media-stream',
      `use-file-for-fake-audio-capture=${spoken}`,
    ];
    capabilities['goog:chromeOptions'].args.push(
      ...options,
      'autoplay-policy=no-user-gesture-required',
    );
    return capabilities;
  });
  try {
    await browser.limit(50_000);
    await browser.goTo(`${site.url}/built/index.html`);
    await browser.run(`document.getElementById('talk').click();`);
    const until = (condition) =>
      browser.run(`while (!(${condition})) await new Promise((next) => setTimeout(next, 50));`);
    // The reply is as long as the speech, so that the next speech interrupts it.
    await until(`document.querySelector('li.assistant.interrupted')`);
    await until(`document.querySelectorAll('li.user').length > 1`);
    const text = (selector) =>
      browser.run(`return document.querySelector('${selector}').textContent;`);
    assert.match(await text('li.user'), /^\d\.\d seconds of speech$/);
    const heard = await text('li.interrupted');
    assert.ok(heard.length < 'You spoke for 9.9 seconds.'.length, heard);
    assert.match(await text('#usage'), /^\d+ tokens written$/);
    await browser.run(`document.getElementById('stop').click();`);
  } finally {
    await browser.close();
    site.close();
    project.remove();
  }
});
