import { turn } from '../../turn.js';

export const runtime = 'edge';

export async function POST(request) {
  return new Response(await turn(await request.text()));
}
