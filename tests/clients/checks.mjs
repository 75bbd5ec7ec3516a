// Prints one line for each check. A failed one ends its scenario, and the process fails in the end.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

export const within = (promise, seconds, what) => Promise.race([promise, sleep(seconds * 1000, undefined, { ref: false }).then(() => assert.fail(`${what}: not within ${seconds} s`))]);

/** Runs every scenario of one library, each `{ title, body }`, and ends the process. */
export async function runAll(name, scenarios) {
  setTimeout(() => {
    console.log(`FAIL  ${name}: not done after 120 s`);
    process.exit(1);
  }, 120_000).unref();
  let failed = 0;
  for (const { title, body } of scenarios) {
    const check = async (what, step) => {
      try {
        await within(step(), 30, what);
        console.log(`ok    ${title}: ${what}`);
      } catch (error) {
        console.log(`FAIL  ${title}: ${what}: ${String(error.message).replace(/\s+/g, ' ')}`);
        throw error;
      }
    };
    await body(check).catch((error) => {
      failed += 1;
      if (process.env.VERBOSE) console.error(error);
    });
  }
  process.exit(failed ? 1 : 0);
}
