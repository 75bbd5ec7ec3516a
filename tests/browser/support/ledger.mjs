// What held and what did not. Every check goes to results/checks.txt; the terminal sees a line a walk, and what failed.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const RESULTS = new URL('../results/', import.meta.url).pathname;
rmSync(RESULTS, { recursive: true, force: true });
mkdirSync(RESULTS, { recursive: true });

const lines = [];
let failed = 0;

// Runs one walk. It is given `check(name, holds, detail)`; what it throws is a check that failed, too.
export async function walk(name, steps) {
  const began = Date.now();
  const own = { lines: 0, failed: 0 };
  const check = (what, holds, detail = '') => {
    own.lines += 1;
    const line = `${holds ? 'ok  ' : 'FAIL'} ${name}: ${what}${holds || !detail ? '' : ` (${detail})`}`;
    lines.push(line);
    if (holds) return;
    own.failed += 1;
    failed += 1;
    console.log(line);
  };
  try {
    await steps(check);
  } catch (error) {
    check('the walk came to its end', false, error.stack);
  }
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  console.log(`${own.failed ? 'FAIL' : 'ok  '} ${name}: ${own.lines - own.failed} of ${own.lines} checks, ${seconds} s`);
}

// The last line, and whether all is well.
export function close() {
  writeFileSync(join(RESULTS, 'checks.txt'), `${lines.sort().join('\n')}\n`);
  console.log(`${lines.length - failed} passed, ${failed} failed`);
  return failed === 0;
}
