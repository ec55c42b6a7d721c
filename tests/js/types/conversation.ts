// Declarations of the conversation layer. A line under `@ts-expect-error` must not compile.

import { OpenAIRealtimeWebSocket } from 'openai-realtime-ws';
import {
  backgroundResult,
  Conversation,
  errorKind,
  History,
  type HistoryEntry,
  type Outcome,
  Playback,
  RequestError,
  Responses,
  tool,
  type ToolCall,
} from 'openai-realtime-ws/conversation';

/** Compiles if the two types are the same. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}

const rt = new OpenAIRealtimeWebSocket(
  { model: 'gpt-realtime-2.1' },
  { apiKey: 'ek_1', baseURL: 'https://example.com/v1' },
);

const weather = tool({
  name: 'weather',
  description: 'Current weather in a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  execute: async ({ city }: { city: string }, { call, signal }) => {
    same<typeof call, ToolCall>(true);
    same<typeof signal, AbortSignal>(true);
    return { city, celsius: 21 };
  },
});

const note = tool({
  name: 'note',
  execute: () => backgroundResult('saved'),
  needsApproval: true,
  timeout: 1000,
});

export async function conversation(saved: string): Promise<string> {
  const talk = new Conversation(rt, {
    session: { instructions: 'Be brief.', audio: { output: { voice: 'marin' } } },
    tools: [weather, note],
    approve: async ({ name }) => name === 'note' || 'not now',
    playback: true,
    ...JSON.parse(saved),
  });
  talk
    .on('history_updated', (history, change) => {
      same<typeof history, readonly HistoryEntry[]>(true);
      if (change.type === 'moved') {
        same<typeof change.from, number>(true);
      }
    })
    .on('audio', ({ data, position, item_id }) =>
      same<
        [typeof data, typeof position, typeof item_id],
        [ArrayBuffer, number | undefined, string]
      >(true),
    )
    .on('interrupted', ({ heard }) => heard.map(({ played_ms }) => played_ms))
    .on('first_audio', ({ latency }) => same<typeof latency, number | undefined>(true))
    .on('turn_done', ({ outcome }) => same<typeof outcome, Outcome>(true))
    .on('tool_end', (call, result) => [call.name, result.output, result.failed])
    .on('response', (end) => {
      if (end.error) {
        same<typeof end.error, RequestError>(true);
      } else {
        same<typeof end.text, string>(true);
      }
    })
    .on('error', (error) => errorKind(error.error ?? {}) === 'fatal');
  // @ts-expect-error There is no such event.
  talk.on('interruption', () => {});
  // @ts-expect-error The history is not to be changed.
  talk.history.push(talk.history[0]);
  talk.sendAudio(new Int16Array(480));
  talk.sendAudio(new ArrayBuffer(960), { commit: true });
  talk.interrupt();
  const updated = await talk.request({
    type: 'session.update',
    session: { type: 'realtime', instructions: 'Go on.' },
  });
  same<typeof updated.type, 'session.updated'>(true);
  // @ts-expect-error The server does not acknowledge audio.
  talk.request({ type: 'input_audio_buffer.append', audio: '' });
  const answer = talk.say('Is it warmer in Ulm or in Bern?');
  same<ReturnType<typeof answer.cancel>, boolean>(true);
  try {
    const { text, outcome, response } = await answer;
    if (outcome.status === 'failed') {
      same<typeof outcome.wait_ms, number | undefined>(true);
    }
    return text + response.id + talk.usage.total.input.cached;
  } catch (error) {
    return error instanceof RequestError && error.reason === 'busy' ? 'later' : 'never';
  }
}

/** Anything that sends and tells will do. */
export const over = new Conversation({ send: () => {}, on: () => {} });

export function pieces(): void {
  const responses = new Responses({ attempts: 3 });
  same<ReturnType<typeof responses.request>, number>(true);
  const history = new History({ entries: [] });
  const playback = new Playback();
  rt.on('event', (event) => {
    responses.received(0, event);
    history.apply(event);
    playback.received(event)?.events.forEach((told) => rt.send(told));
  });
  history.seed().forEach((event) => rt.send(event));
}
