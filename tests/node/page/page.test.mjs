// The example of a page, in Chromium with a real recording for a microphone, and in Firefox,
// against the emulator.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import test from 'node:test';

import { startBrowser } from '../../runtimes/webdriver.mjs';
import { indexOf, join, likeness, pcm16, readWav, silence, thinned, writeWav } from './sound.mjs';
import { browser, line, open, played, serve } from './stage.mjs';

const { EMULATOR_WS_URL, PAGE_SCREENSHOTS } = process.env;

const state = (page, name) => page.locator(`#status[data-state="${name}"]`).waitFor();
const said = (page, who) => page.locator(`#conversation li.${who} p`);
const complete = (page, who, count) =>
  page
    .locator(`#conversation li.${who}[aria-busy=false]`)
    .nth(count - 1)
    .waitFor();

/** Waits until the page tells what went wrong, and gives the words. */
async function notice(page) {
  await page.locator('#notice').waitFor();
  return page.locator('#notice-text').innerText();
}

/** Notes what the page says of its connection from now on. */
const states = (page) =>
  page.evaluateHandle(() => {
    const states = [];
    const status = document.getElementById('status');
    new MutationObserver(() => states.push(status.textContent)).observe(status, {
      childList: true,
    });
    return states;
  });

/**
 * Has the connection break for good, and sees the page try in vain to have another. The waits
 * between pass faster.
 */
async function outage(page, strike) {
  const seen = await states(page);
  let asking = 0;
  page.on('request', () => asking++);
  page.on('requestfinished', () => asking--);
  page.on('requestfailed', () => asking--);
  await page.clock.install();
  await strike();
  while (!(await page.locator('#status[data-state="closed"]').isVisible())) {
    if (asking === 0) await page.clock.runFor(500);
  }
  const tries = [1, 2, 3, 4, 5].map((attempt) => `Reconnecting… (${attempt} of 5)`);
  assert.deepEqual(await seen.jsonValue(), [...tries, 'Not connected']);
  return notice(page);
}

/** A recording of speech, at 48,000 samples a second. */
const speech = (name) => readWav(`/usr/share/sounds/alsa/${name}.wav`).samples;
const pause = (seconds) => silence(seconds, 48_000);

/** A WAV file for the microphone, until the test is over. */
function record(t, ...pieces) {
  const folder = mkdtempSync(path(tmpdir(), 'page-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path(folder, 'spoken.wav');
  writeWav(file, 48_000, join(...pieces));
  return file;
}

async function say(page, text) {
  await page.fill('#message', text);
  await page.click('#send');
}

async function screenshot(page, name) {
  if (!PAGE_SCREENSHOTS) return;
  mkdirSync(PAGE_SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: path(PAGE_SCREENSHOTS, `${name}.png`) });
}

test('a message is answered in writing, piece by piece', async () => {
  await using server = await serve(EMULATOR_WS_URL);
  await using chromium = await browser();
  const { page, wrong } = await open(chromium, server.url);
  await state(page, 'connected');
  await page.evaluate(() => {
    window.pieces = [];
    const note = (records) =>
      records
        .flatMap((record) => [...record.addedNodes])
        .filter(
          (node) => node.nodeType === Node.TEXT_NODE && node.parentElement.matches('.model p'),
        )
        .forEach((node) => window.pieces.push(node.data));
    new MutationObserver(note).observe(document.getElementById('conversation'), {
      childList: true,
      subtree: true,
    });
  });
  await page.fill('#message', 'Hello there');
  await page.keyboard.press('Enter');
  await complete(page, 'model', 1);
  assert.equal(await said(page, 'person').innerText(), 'Hello there');
  assert.equal(await said(page, 'model').innerText(), 'You said: Hello there');
  assert.deepEqual(await page.evaluate(() => window.pieces), ['You ', 'said: ', 'Hello ', 'there']);
  assert.equal(await page.inputValue('#message'), '');
  assert.deepEqual(wrong, []);
});

test('speech is written down and answered, the answer is played, and more speech interrupts it', async (t) => {
  const [front, rear] = [speech('Front_Center'), speech('Rear_Left')];
  // The second answer is still being played when the third words are spoken.
  const recording = record(
    t,
    pause(0.4),
    front,
    pause(4),
    rear,
    pause(1.4),
    speech('Side_Right'),
    pause(5),
  );
  await using server = await serve(EMULATOR_WS_URL);
  await using chromium = await browser(recording);
  const { page, sent, received, wrong } = await open(chromium, server.url, {
    permissions: ['microphone'],
  });
  await state(page, 'connected');
  await page.click('#speak');
  await page.locator('#speak[data-on=true]').waitFor();
  await complete(page, 'model', 1);
  await complete(page, 'model', 3);
  await page.waitForFunction(() => document.getElementById('speaker').value > 0.6);
  await screenshot(page, 'speaking');
  // Until the third answer, which is no longer than its speech, has been played.
  await page.evaluate(() => (window.noted.enough = window.noted.count + 24000 * 4));
  await page.waitForFunction(() => window.noted.count >= window.noted.enough);

  // Texts on the page.
  const spoken = await said(page, 'person').allInnerTexts();
  assert.equal(spoken.length, 3);
  for (const text of spoken) assert.match(text, /^[12]\.\d seconds of speech$/);
  const answers = spoken.map((text) => `You spoke for ${text.replace(' of speech', '')}.`);
  assert.deepEqual(await said(page, 'model').allInnerTexts(), answers);

  // Played sound: the answers in order, without gaps.
  const replies = new Map();
  for (const { type, item_id, delta } of received) {
    if (type !== 'response.output_audio.delta') continue;
    replies.set(item_id, join(replies.get(item_id) ?? [], pcm16(Buffer.from(delta, 'base64'))));
  }
  const [[, first], [second, interrupted], [, third]] = replies;
  const sound = await played(page);
  const places = [indexOf(sound, first), indexOf(sound, interrupted), indexOf(sound, third)];
  assert.ok(places[0] >= 0 && places[2] > places[0], `played at ${places}`);
  assert.equal(places[1], -1, 'the second answer was not played to its end');

  // It is what was spoken: the emulator plays it back.
  const pieces = 800; // 200 ms each
  const [same, other] = [front, rear].map((spoken) =>
    likeness(thinned(first, 6), thinned(spoken, 12), pieces),
  );
  assert.ok(same > 0.85 && other < 0.6, `alike by ${same} and ${other}`);

  // The second answer was played as far as the server was told that it was heard. It may be a
  // little further: what the audio thread reports, and the order to be silent, take their way.
  const cuts = sent.filter(({ type }) => type === 'conversation.item.truncate');
  assert.deepEqual(
    cuts.map(({ item_id }) => item_id),
    [second],
  );
  const heard = 24 * cuts[0].audio_end_ms;
  assert.ok(
    heard > 24 * 100 && heard < interrupted.length - 24 * 100,
    `${heard} of ${interrupted.length} samples`,
  );
  assert.ok(indexOf(sound, interrupted.subarray(0, heard)) > 0, 'it was played so far');
  assert.equal(await page.locator('#conversation li.interrupted').count(), 1);

  // The meters moved, and rest.
  const { microphone, speaker } = await page.evaluate(() => window.noted);
  for (const levels of [microphone, speaker]) {
    assert.ok(Math.max(...levels) > 0.6, `up to ${Math.max(...levels)}`);
    assert.ok(levels.filter((level) => level > 0.3 && level < 0.9).length > 50, 'gradually');
  }
  assert.equal(speaker.at(-1), 0);
  await page.click('#speak');
  await page.locator('#speak[data-on=false]').waitFor();
  assert.equal(await page.locator('#microphone').evaluate((meter) => meter.value), 0);
  assert.deepEqual(wrong, []);
});

test('the model calls a tool of the page, and what it cost is shown', async () => {
  await using server = await serve(EMULATOR_WS_URL);
  await using chromium = await browser();
  const { page, sent, wrong } = await open(chromium, server.url);
  await state(page, 'connected');
  await say(page, 'Try page_color and local_time.');
  await complete(page, 'model', 1);
  const calls = await page.locator('#conversation li.tool:not(.output) p').allInnerTexts();
  assert.deepEqual(calls.sort(), ['local_time()', 'page_color({"color":"teal"})']);
  const outputs = await page.locator('#conversation li.output p').allInnerTexts();
  assert.equal(outputs.length, 2);
  assert.ok(outputs.includes('done'), `${outputs}`);
  assert.equal(
    await page.evaluate(() => document.documentElement.style.getPropertyValue('--accent')),
    'teal',
  );
  // One reply to both outputs.
  assert.match(await said(page, 'model').innerText(), /^The function answered: /);
  assert.equal(sent.filter(({ type }) => type === 'response.create').length, 2);
  assert.match(await page.locator('#usage').innerText(), /^\d+ tokens: \d+ read, \d+ written$/);
  assert.equal(await page.locator('#conversation li.running').count(), 0);
  await screenshot(page, 'tools');
  assert.deepEqual(wrong, []);
});

test('a microphone that is not to be had is explained, and typing goes on', async (t) => {
  const recording = record(t, pause(1));
  await using server = await serve(EMULATOR_WS_URL);
  for (const [device, words] of [
    [undefined, /^No microphone was found\. .* You can still type\.$/],
    [recording, /^This page may not use the microphone\. Allow it .* You can still type\.$/],
  ]) {
    await using chromium = await browser(device);
    const { page, wrong } = await open(chromium, server.url, { permissions: [] });
    await state(page, 'connected');
    await page.click('#speak');
    assert.match(await notice(page), words);
    assert.equal(await page.locator('#speak').getAttribute('data-on'), 'false');
    await say(page, 'Hi');
    await complete(page, 'model', 1);
    assert.ok(await page.locator('#notice').isHidden());
    assert.deepEqual(wrong, []);
  }
});

test('a wrong key is explained', async () => {
  const service = createServer((_, response) => {
    response.writeHead(401, { 'content-type': 'application/json' });
    response.end('{"error":{"message":"Incorrect API key provided.","code":"invalid_api_key"}}');
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  try {
    await using server = await serve(`http://127.0.0.1:${service.address().port}/v1`);
    await using chromium = await browser();
    const { page, wrong } = await open(chromium, server.url);
    assert.match(await notice(page), /^The service refused the API key\. Set OPENAI_API_KEY/);
    await state(page, 'closed');
    assert.ok(
      (await page.locator('#send').isDisabled()) && (await page.locator('#speak').isDisabled()),
    );
    await screenshot(page, 'refused');
    assert.deepEqual(wrong, []);
  } finally {
    service.close();
  }
});

test('a connection that breaks is made anew, with what was said before and meanwhile', async () => {
  await using wire = await line();
  await using server = await serve(wire.url);
  await using chromium = await browser();
  const { page, sent, wrong } = await open(chromium, server.url);
  await state(page, 'connected');
  await say(page, 'My name is Ada.');
  await complete(page, 'model', 1);
  const before = sent.length;
  const seen = await states(page);
  wire.cut();
  await state(page, 'reconnecting');
  await say(page, 'Are you there?');
  await screenshot(page, 'reconnecting');
  await complete(page, 'model', 2);
  assert.equal(await said(page, 'model').last().innerText(), 'You said: Are you there?');
  const items = sent.slice(before).filter(({ type }) => type === 'conversation.item.create');
  const texts = items.map(({ item: { role, content } }) => [role, content[0].text]);
  assert.deepEqual(texts, [
    ['user', 'My name is Ada.'],
    ['assistant', 'You said: My name is Ada.'],
    ['user', 'Are you there?'],
  ]);
  assert.deepEqual(await seen.jsonValue(), ['Reconnecting… (1 of 5)', 'Connected']);
  assert.ok(await page.locator('#notice').isHidden());
  assert.deepEqual(wrong, []);
});

test('a microphone goes on when the connection was made anew', async (t) => {
  const recording = record(
    t,
    pause(0.4),
    speech('Front_Center'),
    pause(5),
    speech('Rear_Left'),
    pause(5),
  );
  await using wire = await line();
  await using server = await serve(wire.url);
  await using chromium = await browser(recording);
  const { page, wrong } = await open(chromium, server.url, { permissions: ['microphone'] });
  await state(page, 'connected');
  await page.click('#speak');
  await complete(page, 'model', 1);
  wire.cut();
  await state(page, 'reconnecting');
  await complete(page, 'model', 2);
  assert.match(await said(page, 'person').last().innerText(), /^[12]\.\d seconds of speech$/);
  assert.equal(await page.locator('#speak').getAttribute('data-on'), 'true');
  // The conversation was restored, as text.
  assert.ok(await page.locator('#notice').isHidden());
  assert.deepEqual(wrong, []);
});

test('a service that is gone is told of, and connected to when it is back', async () => {
  const wire = await line();
  await using server = await serve(wire.url);
  await using chromium = await browser();
  const { page, wrong } = await open(chromium, server.url);
  await state(page, 'connected');
  const words = await outage(page, wire.remove);
  assert.match(
    words,
    /^The connection was lost, and no other could be made\. The server of this page cannot reach/,
  );
  await screenshot(page, 'gone');
  await using _back = await line(new URL(wire.url).port);
  await page.click('#connect');
  await state(page, 'connected');
  assert.ok(await page.locator('#notice').isHidden());
  assert.deepEqual(wrong, []);
});

test('a server of the page that is gone is told of', async () => {
  await using wire = await line();
  const server = await serve(wire.url);
  await using chromium = await browser();
  const { page, wrong } = await open(chromium, server.url);
  await state(page, 'connected');
  const words = await outage(page, async () => {
    await server.stop();
    wire.cut();
  });
  assert.match(words, /The server of this page does not answer\. Start it again, then connect\.$/);
  assert.deepEqual(wrong, []);
});

test('Firefox has a page, a microphone and a loudspeaker as well', async () => {
  await using server = await serve(EMULATOR_WS_URL);
  const firefox = await startBrowser('firefox', (capabilities) => {
    // A microphone that hears a tone, and a sound card of its own.
    capabilities['moz:firefoxOptions'].prefs = {
      'media.autoplay.default': 0,
      'media.cubeb.force_mock_context': true,
      'media.navigator.permission.disabled': true,
      'media.navigator.streams.fake': true,
    };
    return capabilities;
  });
  const until = (condition) =>
    firefox.run(`while (!(${condition})) await new Promise((next) => setTimeout(next, 20));`);
  const element = (id) => `document.getElementById("${id}")`;
  try {
    await firefox.goTo(server.url);
    await until(`${element('status')}.dataset.state === "connected"`);
    await firefox.run(
      `${element('message')}.value = "Hello from Firefox"; ${element('send')}.click();`,
    );
    await until(`document.querySelector(".model[aria-busy=false]")`);
    await firefox.run(`${element('speak')}.click();`);
    await until(`${element('microphone')}.value > 0.3`);
    // The server hears a second of it, and no end: pressing the button is the end.
    await until(`document.querySelectorAll(".person").length === 2`);
    await firefox.run(`await new Promise((next) => setTimeout(next, 1000));`);
    await firefox.run(`${element('speak')}.click();`);
    await until(`${element('speaker')}.value > 0.3`);
    await until(`document.querySelectorAll("li[aria-busy=false]").length === 4`);
    const texts = await firefox.run(
      `return [...document.querySelectorAll("li p")].map((text) => text.textContent);`,
    );
    assert.deepEqual(texts.slice(0, 2), ['Hello from Firefox', 'You said: Hello from Firefox']);
    assert.match(texts[2], /^\d+\.\d seconds of speech$/);
    assert.equal(texts[3], `You spoke for ${texts[2].replace(' of speech', '')}.`);
  } finally {
    await firefox.close();
  }
});
