import { turn } from '../../turn.js';

export async function POST(request) {
  return new Response(await turn(await request.text()));
}
