// Held up for a while: a server, an app, everything. Nobody is thrown out by it, and nobody has to connect anew.

import { App } from '../support/app.mjs';
import { enter, letIn, press } from '../support/person.mjs';

export async function pausing({ doorward, page, callback, check, inspect }) {
  const connect = async (name, path) => letIn(page, await App.register(doorward.origin, callback.uri, name), callback, path);
  const [notes, files] = [await connect('Reader', '/notes'), await connect('Keeper', '/files')];
  const calls = async () => `${await notes.call()} ${await files.call()}`;
  const is = async (what, expected) => {
    const found = await calls();
    check(what, found === expected, found);
  };
  const card = (name) => `section.card:has(h2:has-text("${name}"))`;

  await page.goto(doorward.origin);
  await enter(page, 'Servers');
  await inspect(page, 'servers');
  await page.click(`${card('Notes')} >> summary:has-text("Pause")`);
  await press(page, `${card('Notes')} >> button:has-text("Pause Notes")`);
  await is('a paused server is closed to its apps, and no other is', '403 200');
  await inspect(page, 'servers-paused');
  await page.goto(doorward.origin);
  await inspect(page, 'home-paused');
  check('the overview says so', (await page.textContent('.notice.warning')).includes('Notes'));
  await page.goto(`${doorward.origin}/servers`);
  await press(page, `${card('Notes')} >> button:has-text("Resume")`);
  await is('resumed, it serves the same token', '200 200');

  await page.click(`${card('Family files')} >> summary:has-text("Pause")`);
  await page.check(`${card('Family files')} >> [value=later]`);
  await press(page, `${card('Family files')} >> button:has-text("Pause Family files")`);
  await is('a server may also ask its apps to come back', '200 503');
  await press(page, 'text="Pause everything"');
  await is('everything is paused', '503 503');
  await press(page, 'text="Resume everything"');
  await is('what was paused for itself stays so when everything is resumed', '200 503');
  await press(page, `${card('Family files')} >> button:has-text("Resume")`);
  await is('until it is resumed', '200 200');
  await pauseApp({ doorward, page, check, inspect, is });
}

async function pauseApp({ doorward, page, check, inspect, is }) {
  const to = async (action) => {
    await page.goto(`${doorward.origin}/clients`);
    await page.click('summary:has-text("Reader")');
    await press(page, `details[open] >> button:has-text("${action}")`);
  };
  await page.goto(doorward.origin);
  await enter(page, 'Apps');
  await to('Pause');
  await is('a paused app is held up, and no other is', '503 200');
  await inspect(page, 'clients-paused');
  check('the list says so', (await page.textContent('summary:has-text("Reader")')).includes('paused'));
  await to('Resume');
  await is('resumed, it goes on', '200 200');
}
