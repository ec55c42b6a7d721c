// The example of a page, in Chromium with a real recording for a microphone, against the emulator.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import test from "node:test";

import { correlation, join, pcm16, readWav, silence, sounding, thinned, writeWav } from "./sound.mjs";
import { browser, line, open, played, serve } from "./stage.mjs";

const RECORDINGS = "/usr/share/sounds/alsa";
const { PAGE_SCREENSHOTS } = process.env;

const state = (page, name) => page.locator(`#status[data-state="${name}"]`).waitFor();
const notice = (page) => page.locator("#notice-text").innerText();
const last = (page, who) => page.locator(`#conversation li.${who} p`).last();

test("a message is answered in writing, piece by piece", async () => {
  await using server = await serve(process.env.EMULATOR_WS_URL);
  await using chromium = await browser();
  const { page, wrong } = await open(chromium, server.url);
  await state(page, "connected");
  await page.evaluate(() => {
    window.pieces = [];
    const note = (records) =>
      records.flatMap((record) => [...record.addedNodes])
        .filter((node) => node.nodeType === Node.TEXT_NODE && node.parentElement?.closest(".model"))
        .forEach((node) => window.pieces.push(node.data));
    new MutationObserver(note).observe(document.getElementById("conversation"), { childList: true, subtree: true });
  });
  await page.fill("#message", "Hello there");
  await page.keyboard.press("Enter");
  await page.locator("#conversation li.model[aria-busy=false]").waitFor();
  assert.equal(await last(page, "person").innerText(), "Hello there");
  assert.equal(await last(page, "model").innerText(), "You said: Hello there");
  console.log(await page.evaluate(() => window.pieces));
  assert.equal(await page.inputValue("#message"), "");
  assert.deepEqual(wrong, []);
});

test("speech is written down, answered and played, and interrupts", async () => {
  const folder = mkdtempSync(path(tmpdir(), "page-"));
  try {
    const { rate, samples: front } = readWav(`${RECORDINGS}/Front_Center.wav`);
    const rear = readWav(`${RECORDINGS}/Rear_Left.wav`).samples;
    const side = readWav(`${RECORDINGS}/Side_Right.wav`).samples;
    const pause = (seconds) => silence(seconds, rate);
    const spoken = join(pause(0.4), front, pause(4), rear, pause(1.4), side, pause(5));
    const recording = path(folder, "spoken.wav");
    writeWav(recording, rate, spoken);

    await using server = await serve(process.env.EMULATOR_WS_URL);
    await using chromium = await browser(recording);
    const { page, sent, received, wrong } = await open(chromium, server.url, { permissions: ["microphone"] });
    await state(page, "connected");
    await page.click("#speak");
    await page.locator("#speak[aria-pressed=true]").waitFor();
    await page.locator("#conversation li.model").nth(2).waitFor();
    await page.waitForTimeout(4000);
    console.log(await page.locator("#conversation").innerText());
    const sound = await played(page);
    writeWav("/tmp/wt/app-scratch/played.wav", 24000, sound);
    const items = new Map();
    for (const e of received.filter((e) => e.type === "response.output_audio.delta"))
      items.set(e.item_id, join(items.get(e.item_id) ?? [], pcm16(Buffer.from(e.delta, "base64"))));
    for (const [id, audio] of items) console.log(id, audio.length / 24000);
    console.log(sent.filter((e) => e.type !== "input_audio_buffer.append"), sound.length / 24000);
    const [first] = items.values();
    console.log(correlation(thinned(first, 4), thinned(front, 8)), correlation(thinned(first, 4), thinned(rear, 8)));
    console.log(received.filter(e => /speech/.test(e.type)));
    const noted = await page.evaluate(() => ({ m: noted.microphone, s: noted.speaker }));
    console.log(noted.m.length, Math.max(...noted.m), Math.max(...noted.s), noted.m.at(-1), noted.s.at(-1));
    console.log(wrong);
    await page.screenshot({ path: "/tmp/wt/app-scratch/b.png" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
