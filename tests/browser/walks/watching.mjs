// What an owner reads afterwards: the log of what happened, and how far each attempt to connect got.

import { App, random } from '../support/app.mjs';
import { enter, letIn, press, signIn } from '../support/person.mjs';

// A code that is used twice looks like theft, and is to be seen without looking for it.
export async function activity({ doorward, page, stranger, callback, check, inspect }) {
  const app = await App.register(doorward.origin, callback.uri, 'Robbed');
  const state = random();
  await page.goto(app.authorizeUrl(state, '/notes'));
  await press(page, '[value=approve]');
  const code = callback.arrived(state).get('code');
  for (let times = 0; times < 2; times += 1) await app.redeem(code);

  await page.goto(doorward.origin);
  await inspect(page, 'home-alarm');
  check('the overview reminds of it', (await page.textContent('[role=alert]')).includes('looks like theft'));
  await press(page, 'text="See what it was"');
  await inspect(page, 'activity-theft');
  const shown = await page.locator('.events > li').allTextContents();
  check('only what looks like theft is shown there', shown.length === 1 && shown[0].includes('Robbed'), shown.join(' | '));
  await press(page, 'text="Everything"');
  await inspect(page, 'activity');
  const all = await page.locator('.events > li').allTextContents();
  check('the whole log says who let what in', all.length > 1 && all.some((line) => /ann let .?Robbed.? use \/notes/.test(line)), all.slice(0, 4).join(' | '));

  await filtered({ page, check, inspect });
  const { page: bobs } = await stranger();
  await bobs.goto(`${doorward.origin}/activity`);
  await signIn(bobs, 'bob');
  const ofBob = await bobs.locator('.events > li').allTextContents();
  check('others read what concerns them and nothing else', ofBob.length > 0 && ofBob.every((line) => line.includes('bob') && !line.includes('ann ')), ofBob.join(' | '));
}

// By app, and what happened to it.
async function filtered({ page, check, inspect }) {
  await page.click('summary:has-text("Filter")');
  await page.fill('#client', 'Robbed');
  await press(page, 'text="Show"');
  await inspect(page, 'activity-filtered');
  const shown = await page.locator('.events > li').allTextContents();
  check('the log of one app is of that app', shown.length > 1 && shown.every((line) => line.includes('Robbed')), shown.join(' | '));
  await page.fill('#client', 'nobody knows it');
  await press(page, 'text="Show"');
  check('where nothing matches the page says so', (await page.textContent('main')).includes('Nothing like that'));
  await press(page, 'text="Show everything"');
  check('everything is shown again', (await page.locator('.events > li').count()) > shown.length);
}

// An attempt that got through and one that did not.
export async function attempts({ doorward, page, callback, check, inspect }) {
  const through = await letIn(page, await App.register(doorward.origin, callback.uri, 'Got through'), callback, '/notes');
  await through.call();
  const stuck = await App.register(doorward.origin, callback.uri, 'Got stuck');
  const state = random();
  await page.goto(stuck.authorizeUrl(state, '/notes'));
  await press(page, '[value=approve]');
  stuck.verifier = random();
  await stuck.redeem(callback.arrived(state).get('code'));

  await page.goto(doorward.origin);
  await enter(page, 'Attempts');
  await inspect(page, 'trace');
  const attempt = (name) => page.locator(`.folds > li:has-text("${name}")`);
  check('the attempt that got through is on the page, step by step', (await attempt('Got through').locator('.passed').count()) >= 6, await attempt('Got through').textContent());
  check('the other says what stopped it, and what mends it', (await attempt('Got stuck').locator('.refused').count()) === 1 && (await attempt('Got stuck').locator('.hint').count()) === 1, await attempt('Got stuck').textContent());
  await press(page, 'text="Look again"');
  check('looking again shows the same', (await attempt('Got stuck').count()) === 1);
}
