// Declarations of events and listeners. A line under `@ts-expect-error` must not compile.

import {
  type ClientEvent,
  OpenAIError,
  OpenAIRealtimeError,
  OpenAIRealtimeWebSocket,
  type RealtimeStreamMessage,
  type ServerEvent,
  type UnsentMessage,
} from 'openai-realtime-ws';

/** Compiles if the two types are the same. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}

declare const rt: OpenAIRealtimeWebSocket;

export function listeners(): void {
  rt.on('response.output_text.delta', (event) => {
    same<typeof event.delta, string>(true);
    same<typeof event.type, 'response.output_text.delta'>(true);
    same<typeof event.event_id, string>(true);
    // @ts-expect-error An event has the fields of its type.
    event.transcript;
  })
    .once('response.done', ({ response }) => {
      same<
        typeof response.status,
        'completed' | 'cancelled' | 'failed' | 'incomplete' | 'in_progress' | undefined
      >(true);
      for (const item of response.output ?? []) {
        if (item.type === 'function_call') {
          same<typeof item.arguments, string>(true);
        }
      }
    })
    .on('event', (event) => {
      same<typeof event, ServerEvent>(true);
      if (event.type === 'session.created' && event.session.type === 'realtime') {
        event.session.audio?.output?.voice;
      }
      switch (event.type) {
        case 'error':
          same<typeof event.error.message, string>(true);
          break;
        case 'conversation.item.done':
          event.item.type;
          break;
      }
    })
    .on('error', (error) => {
      same<typeof error, OpenAIRealtimeError>(true);
      const base: OpenAIError = error;
      error.error?.code;
      error.event_id?.startsWith('event_');
      return base.cause;
    })
    .on('close', (code, reason, unsent) =>
      same<[typeof code, typeof reason, typeof unsent], [number, string, UnsentMessage[]]>(true),
    )
    .on('reconnecting', (event) => same<typeof event.delay, number>(true))
    .on('reconnected', () => rt.flushPending())
    .off('event', () => {});
  // @ts-expect-error There is no such event.
  rt.on('response.text.delta', () => {});
  // @ts-expect-error A listener takes its event's type.
  rt.on('response.output_text.delta', (event: { delta: number }) => event);
  // @ts-expect-error Nor has an error event its own type's listener.
  rt.on('error', (event: Extract<ServerEvent, { type: 'error' }>) => event);
}

export async function waiting(): Promise<void> {
  const created = await rt.emitted('session.created');
  same<typeof created.type, 'session.created'>(true);
  same<OpenAIRealtimeError, Awaited<ReturnType<typeof rt.emitted<'error'>>>>(true);
  same<void, Awaited<ReturnType<typeof rt.emitted<'reconnected'>>>>(true);
  const [code, reason] = await rt.emitted('close');
  same<[typeof code, typeof reason], [number, string]>(true);
}

export function sending(): void {
  rt.send({
    type: 'session.update',
    session: {
      type: 'realtime',
      output_modalities: ['audio'],
      instructions: '',
      audio: {
        input: {
          format: { type: 'audio/pcm', rate: 24000 },
          turn_detection: null,
          transcription: { model: 'gpt-realtime-whisper' },
        },
        output: { voice: 'marin', speed: 1.1 },
      },
      tools: [
        {
          type: 'function',
          name: 'get_weather',
          description: 'Weather',
          parameters: { type: 'object' },
        },
      ],
      tool_choice: 'auto',
      max_output_tokens: 'inf',
      tracing: null,
    },
  });
  rt.send({ type: 'input_audio_buffer.append', audio: 'AAAA' });
  rt.send({ type: 'response.cancel' });
  rt.sendResponseCreate({
    type: 'response.create',
    response: { input: [{ type: 'item_reference', id: 'item_1' }] },
  });
  // @ts-expect-error The audio is missing.
  rt.send({ type: 'input_audio_buffer.append' });
  // @ts-expect-error There is no such event.
  rt.send({ type: 'session.updated' });
  // @ts-expect-error Nor such a modality.
  rt.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['smell'] } });
  // @ts-expect-error It makes responses only.
  rt.sendResponseCreate({ type: 'response.cancel' });
  const events: ClientEvent[] = rt
    .takePending()
    .flatMap((unsent) => (unsent.type === 'message' ? [unsent.message] : []));
  events.forEach((event) => rt.send(event));
  rt.close();
  rt.close({ code: 4000, reason: 'done' });
}

export async function connecting(): Promise<void> {
  const client = { apiKey: 'ek_1', baseURL: 'https://api.openai.com/v1' };
  new OpenAIRealtimeWebSocket({ model: 'gpt-realtime-2.1' });
  new OpenAIRealtimeWebSocket({ callID: 'rtc_1' }, client);
  new OpenAIRealtimeWebSocket({ intent: 'transcription', dangerouslyAllowBrowser: true }, client);
  new OpenAIRealtimeWebSocket(
    { model: 'gpt-realtime-2.1', reconnect: true, maxQueueBytes: 65536 },
    client,
  );
  new OpenAIRealtimeWebSocket(
    { model: 'm', buildRealtimeURL: (known) => new URL(known.baseURL) },
    client,
  );
  await OpenAIRealtimeWebSocket.create({ ...client, apiKey: async () => 'ek_2' }, { model: 'm' });
  await OpenAIRealtimeWebSocket.azure(
    { ...client, deploymentName: 'd' },
    { intent: 'transcription' },
  );
  await OpenAIRealtimeWebSocket.azure({ ...client, deploymentName: 'd' });
  // @ts-expect-error One target, and only one.
  new OpenAIRealtimeWebSocket({ model: 'm', callID: 'rtc_1' }, client);
  // @ts-expect-error At least one.
  new OpenAIRealtimeWebSocket({}, client);
  // @ts-expect-error There is one intent.
  new OpenAIRealtimeWebSocket({ intent: 'translation' }, client);
  // @ts-expect-error A client has a base URL.
  new OpenAIRealtimeWebSocket({ model: 'm' }, { apiKey: 'ek_1' });
  same<typeof rt.socket, WebSocket>(true);
  same<typeof rt.url, URL>(true);
}

export async function streaming(): Promise<void> {
  for await (const message of rt) {
    same<typeof message, RealtimeStreamMessage>(true);
    if (message.type === 'message' && message.message.type === 'response.output_audio.delta') {
      same<typeof message.message.delta, string>(true);
    }
    if (message.type === 'close') {
      return;
    }
  }
  for await (const message of rt.stream({ maxBufferedEvents: 100 })) {
    message.type;
  }
}
