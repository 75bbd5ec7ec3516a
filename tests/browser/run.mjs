// What a person does, in a real Chromium, in every look. Each look has a doorward of its own; some go on at a time, since most of
// the time is spent waiting.

import { chromium } from 'playwright-core';
import { openCallback, selfSigned } from './support/app.mjs';
import { openUpstream, startDoorward, twoServers } from './support/doorward.mjs';
import { inspector } from './support/inspect.mjs';
import * as ledger from './support/ledger.mjs';
import { LOOKS, openBrowser } from './support/looks.mjs';
import { signIn } from './support/person.mjs';
import { arrivals } from './walks/arrivals.mjs';
import { addByHand, addByPlatform, copying } from './walks/clients.mjs';
import { ordinaryUser, revoking } from './walks/connections.mjs';
import { approve, choose, destinations, hostedApp, notYou } from './walks/consent.mjs';
import { device } from './walks/device.mjs';
import { HASTY, expired } from './walks/expired.mjs';
import { firstRun } from './walks/first_run.mjs';
import { framed } from './walks/framed.mjs';
import { keyboard } from './walks/keyboard.mjs';
import { keys } from './walks/keys.mjs';
import { people } from './walks/people.mjs';
import { pausing } from './walks/servers.mjs';
import { ownPassword } from './walks/settings.mjs';
import { signInAndOut, tooManyTries } from './walks/sign_in.mjs';
import { terms } from './walks/terms.mjs';
import { activity, attempts } from './walks/watching.mjs';

// In this order: a walk finds ann signed in, and leaves her so.
const WALKS = {
  firstRun, signInAndOut, approve, hostedApp, notYou, destinations, choose, device, expired, framed, keyboard,
  revoking, terms, ordinaryUser, addByPlatform, addByHand, copying, arrivals, pausing, keys, people, ownPassword, activity, attempts,
  tooManyTries,
};
const AT_A_TIME = 4;

// The hosts of an app on the web, which only this browser finds: one takes the answer, and leads to the other.
async function openHosted() {
  const tls = selfSigned('client.test', 'next.test');
  const [onward, hosted] = [await openCallback(tls), await openCallback(tls, 'https://next.test/landing')];
  return { hosted, onward, rules: `MAP client.test 127.0.0.1:${hosted.port}, MAP next.test 127.0.0.1:${onward.port}` };
}

function launch(rules) {
  const quiet = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  const args = ['--no-sandbox', '--ignore-certificate-errors', `--host-resolver-rules=${rules}`, ...quiet];
  return chromium.launch({ executablePath: process.env.CHROMIUM, args });
}

async function look(look, world) {
  const doorward = await startDoorward(look.name, { configuration: twoServers(world.upstream.url) });
  await doorward.addUser('ann', '--owner');
  await doorward.addUser('bob');
  const callback = await openCallback();
  const opened = [];
  const open = async () => {
    opened.push(await openBrowser(world.chromium, look));
    return opened.at(-1);
  };
  const { page } = await open();
  await page.goto(doorward.origin);
  await signIn(page);
  for (const [name, steps] of Object.entries(WALKS)) {
    if (process.env.ONLY && !process.env.ONLY.split(',').includes(name)) continue;
    await ledger.walk(`${look.name} ${name}`, async (check) => {
      await steps({ ...world, look, doorward, callback, page, stranger: open, check, inspect: inspector(look, check) });
      const complaints = opened.flatMap((one) => one.complaints.splice(0));
      check('the browser had nothing to complain about', complaints.length === 0, complaints.join(' | '));
      while (opened.length > 1) await opened.pop().close();
    });
  }
  for (const one of opened) await one.close();
  callback.close();
  await doorward.stop();
}

async function main() {
  const { hosted, onward, rules } = await openHosted();
  const upstream = await openUpstream();
  const hasty = await startDoorward('hasty', { configuration: HASTY });
  await hasty.addUser('ann', '--owner');
  const world = { chromium: await launch(rules), hosted, upstream, hasty };
  let over = false;
  world.chromium.on('disconnected', () => over || console.log('FAIL the browser has ended; what fails from here on fails for that'));
  const waiting = process.env.LOOKS ? LOOKS.filter(({ name }) => name.includes(process.env.LOOKS)) : [...LOOKS];
  const next = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) await look(one, world);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, next));
  over = true;
  await world.chromium.close();
  for (const server of [hosted, onward, upstream]) server.close();
  await hasty.stop();
}

if (process.env.PICTURES) {
  await (await import('./pictures.mjs')).takePictures(launch);
  process.exit(0);
}
await main();
process.exit(ledger.close() ? 0 : 1);
