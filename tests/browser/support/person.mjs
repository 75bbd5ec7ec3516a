// What people do at any page: fill in, press, sign in, go to another room.

import { random } from './app.mjs';
import { PASSWORD } from './doorward.mjs';

// Presses something that leads to another page, and waits for that page.
export async function press(page, selector) {
  await Promise.all([page.waitForEvent('load'), page.locator(selector).first().click()]);
}

// On a page that asks for it.
export async function signIn(page, name = 'ann', password = PASSWORD) {
  await page.fill('[name=username]', name);
  await page.fill('[name=password]', password);
  await press(page, 'button[type=submit]');
}

// To another room by the list of rooms, which is behind a button on a small screen.
export async function enter(page, label) {
  await openMenu(page);
  await press(page, `nav.rooms >> text="${label}"`);
}

export async function signOut(page) {
  await openMenu(page);
  await press(page, 'nav.rooms >> text="Sign out"');
}

async function openMenu(page) {
  if (await page.isVisible('.menu')) await page.click('.menu');
}

// The address on which a double click comes to rest: it begins two navigations, and the second ends the first.
export async function comesToRest(page, url) {
  for (let tries = 0; tries < 200 && page.url() !== url; tries += 1) await page.waitForTimeout(25);
  await page.waitForLoadState();
  return page.url() === url;
}

// Somebody signed in lets an app in: the answer is the access token of a live client.
export async function letIn(page, app, callback, path) {
  const state = random();
  await page.goto(app.authorizeUrl(state, path));
  await press(page, '[value=approve]');
  const tokens = await (await app.redeem(callback.arrived(state).get('code'))).json();
  return { token: tokens.access_token, scope: tokens.scope, call: () => app.call(path, tokens.access_token) };
}

// Whether something about the page comes true: a browser that is busy gives a field its focus a moment after it shows it.
export async function settles(page, holds) {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await page.evaluate(holds)) return true;
    await page.waitForTimeout(50);
  }
  return false;
}
