// Capabilities of each runtime, from the README's table.

import { readFileSync } from 'node:fs';

const README = new URL('../../README.md', import.meta.url);

/** The row of this runtime in the README's table, by the names of the columns. */
export function readmeRow(runtime) {
  const table = readFileSync(README, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
  const columns = table.find(([first]) => first === 'runtime');
  const row = table.find(([first]) => first === runtime);
  if (!columns || !row) {
    throw new Error(`the README has no row for ${runtime}`);
  }
  return Object.fromEntries(columns.map((name, index) => [name, row[index]]).slice(1));
}
