// A voice assistant in a page: microphone, loudspeaker, interruptions, a tool, the history and its
// cost. `npx vite examples/page` serves it. The key comes from a server of yours, at /token: see
// examples/ephemeral_token.rs.

import { OpenAIRealtimeWebSocket } from 'openai-realtime-ws';
import { Conversation, Resampler, tool, toPcm16, toSamples } from 'openai-realtime-ws/conversation';

const [talk, stop, list, usage] = ['talk', 'stop', 'history', 'usage'].map((id) =>
  document.getElementById(id),
);

const localTime = tool({
  name: 'local_time',
  description: 'Date and time where the user is',
  execute: () => String(new Date()),
});

talk.addEventListener('click', start, { once: true });

async function start() {
  talk.disabled = true;
  const { key, baseURL } = await (await fetch('/token', { method: 'POST' })).json();
  const rt = new OpenAIRealtimeWebSocket(
    { model: 'gpt-realtime-2.1', reconnect: true },
    { apiKey: key, baseURL },
  );
  const session = { audio: { input: { transcription: { model: 'gpt-realtime-whisper' } } } };
  const conversation = new Conversation(rt, { session, tools: [localTime], playback: true });

  const player = await loudspeaker();
  conversation.on('audio', ({ delta, position }) =>
    player.postMessage({ samples: toSamples(delta), position }),
  );
  conversation.on('interrupted', () => player.postMessage(null));
  player.onmessage = ({ data }) => conversation.playedSamples(data);

  conversation.on('history_updated', show);
  conversation.on(
    'response',
    () => (usage.textContent = `${conversation.usage.total.output.total} tokens written`),
  );
  conversation.on('error', (error) => (usage.textContent = error.message));
  conversation.on('close', () => (usage.textContent = 'The conversation has ended.'));
  stop.addEventListener('click', () => conversation.interrupt());
  stop.disabled = false;

  await microphone((samples) => conversation.sendAudio(toPcm16(samples), { longest: 500 }));
}

/** Shows what was said. Of an interrupted reply, it is what was heard. */
function show(history) {
  const said = history.filter(({ type }) => type === 'message');
  const items = said.map(({ role, heard, truncated_ms }) => {
    const item = document.createElement('li');
    item.className = truncated_ms === undefined ? role : `${role} interrupted`;
    item.textContent = heard;
    return item;
  });
  list.replaceChildren(...items);
}

/** Opens the loudspeaker at the service's rate, and returns the port of its player. */
async function loudspeaker() {
  const context = new AudioContext({ sampleRate: 24_000 });
  await context.audioWorklet.addModule(new URL('audio.js', import.meta.url));
  const node = new AudioWorkletNode(context, 'player');
  node.connect(context.destination);
  return node.port;
}

/** Opens the microphone at the sound card's rate, which some browsers insist on. */
async function microphone(heard) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, channelCount: 1 },
  });
  const context = new AudioContext();
  await context.audioWorklet.addModule(new URL('audio.js', import.meta.url));
  const node = new AudioWorkletNode(context, 'recorder');
  const resampler = new Resampler(context.sampleRate);
  node.port.onmessage = ({ data }) => heard(resampler.push(data));
  context.createMediaStreamSource(stream).connect(node);
}
