// The first run: a program that was started without a word of configuration, its one-time link, and the first app.

import { App, call, random } from '../support/app.mjs';
import { PASSWORD, startDoorward } from '../support/doorward.mjs';
import { openBrowser } from '../support/looks.mjs';
import { press, settles } from '../support/person.mjs';

export async function firstRun(scene) {
  const doorward = await startDoorward(`first-${scene.look.name}`);
  const person = await openBrowser(scene.chromium, scene.look);
  try {
    await setUp({ ...scene, doorward, page: person.page });
    await letFirstAppIn({ ...scene, doorward, page: person.page });
    scene.check('the browser had nothing to complain about', person.complaints.length === 0, person.complaints.join(' | '));
  } finally {
    await person.close();
    await doorward.stop();
  }
}

async function setUp({ doorward, page, check, inspect }) {
  await page.goto(doorward.origin);
  await inspect(page, 'not-set-up');
  check('before set-up nobody is asked for a password', (await page.locator('[type=password]').count()) === 0);
  const { url } = await doorward.command('setup');
  await page.goto(url);
  await inspect(page, 'setup');
  check('the name field has the focus', await settles(page, () => document.activeElement?.name === 'username'));

  await page.fill('[name=username]', 'ann');
  await page.fill('[name=password]', 'short');
  await page.fill('[name=password_again]', 'short');
  await press(page, 'button[type=submit]');
  await inspect(page, 'setup-refused');
  check('what was wrong is said in a summary that has the focus', await settles(page, () => document.activeElement?.getAttribute('role') === 'alert'));
  check('the summary leads to the field', await page.evaluate(() => {
    const field = document.querySelector(document.querySelector('[role=alert] a').getAttribute('href'));
    return field.getAttribute('aria-invalid') === 'true' && document.getElementById(field.getAttribute('aria-describedby').split(' ')[0])?.textContent.includes('8 characters');
  }));
  check('the name is kept', (await page.inputValue('[name=username]')) === 'ann');

  await page.fill('[name=password]', PASSWORD);
  await page.fill('[name=password_again]', PASSWORD);
  await press(page, 'button[type=submit]');
  check('set-up leads to the way in for apps', page.url() === `${doorward.origin}/connect`, page.url());
  await inspect(page, 'connect-first');
  await page.goto(doorward.origin);
  await inspect(page, 'home-empty');
  check('set-up signs the owner in', (await page.textContent('body')).includes('ann'));
  const again = await page.goto(url);
  await inspect(page, 'setup-closed');
  check('the set-up link works once', again.status() === 403);
}

async function letFirstAppIn({ doorward, page, check, inspect, callback }) {
  const app = await App.register(doorward.origin, callback.uri, 'The first app');
  const state = random();
  await page.goto(app.authorizeUrl(state));
  await inspect(page, 'consent-first');
  await press(page, '[value=approve]');
  const { access_token: token } = await (await app.redeem(callback.arrived(state).get('code'))).json();
  check('the first app is through', (await call(doorward.origin, '/mcp', token)) === 200);
  await page.goto(doorward.origin);
  check('and stands on the overview', (await page.textContent('main')).includes('The first app'));
}
