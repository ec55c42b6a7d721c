// Each event type of the official SDK against ours, in both directions: a value of one is a value
// of the other.

import type { RealtimeClientEvent, RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import type { ClientEvent, ServerEvent } from 'openai-realtime-ws';

type Event = { type: string };
type Of<Events, Type> = Extract<Events, { type: Type }>;

/** Names of the events that differ, or `never`. */
type Differing<Theirs extends Event, Ours extends Event> = {
  [Type in Theirs['type'] | Ours['type']]: [Of<Theirs, Type>, Of<Ours, Type>] extends [
    Of<Ours, Type>,
    Of<Theirs, Type>,
  ]
    ? never
    : Type;
}[Theirs['type'] | Ours['type']];

function none<_ extends never>(): void {}

none<Differing<RealtimeServerEvent, ServerEvent>>();
none<Differing<RealtimeClientEvent, ClientEvent>>();

/** Our events with one field that is nullable. */
type Nullable =
  | Exclude<ServerEvent, { type: 'mcp_list_tools.failed' }>
  | { type: 'mcp_list_tools.failed'; event_id: string; item_id: string | null };
// @ts-expect-error A field that is nullable on one side makes an event differ.
none<Differing<RealtimeServerEvent, Nullable>>();

/** Our events without one. */
type Fewer = Exclude<ClientEvent, { type: 'response.cancel' }>;
// @ts-expect-error A missing event differs, too.
none<Differing<RealtimeClientEvent, Fewer>>();
