// A hand that has no mouse: sign in, let an app in, revoke it, by Tab, Enter and Space alone, and always seeing where one is.

import { App, random } from '../support/app.mjs';
import { PASSWORD } from '../support/doorward.mjs';

// What has the focus, and whether a ring around it shows that.
const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  return {
    name: `${element.localName} ${element.name || element.textContent.trim().slice(0, 40)}`,
    seen: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.left >= 0 && box.right <= innerWidth,
  };
});

export async function keyboard({ doorward, stranger, callback, check }) {
  const { page } = await stranger();
  const unseen = [];
  const press = async (key) => {
    await page.keyboard.press(key);
    if (!key.endsWith('Tab')) return;
    const { name, seen } = await focused(page);
    if (!seen && !name.startsWith('body')) unseen.push(name);
  };
  // On to an element, as many steps as it takes.
  const tabTo = async (selector) => {
    for (let steps = 0; steps < 40; steps += 1) {
      if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
      await press('Tab');
    }
    throw new Error(`no way to ${selector} by Tab`);
  };
  const leads = async (key) => Promise.all([page.waitForEvent('load'), page.keyboard.press(key)]);

  const app = await App.register(doorward.origin, callback.uri, 'By keyboard');
  const state = random();
  await page.goto(app.authorizeUrl(state));
  await page.waitForSelector('[name=username]:focus');
  await page.keyboard.type('ann');
  await press('Tab');
  await page.keyboard.type('wrong');
  await leads('Enter');
  await page.waitForSelector('[name=username]:focus');
  check('after a mistake the focus is where one goes on', (await focused(page)).seen);
  await press('Tab');
  await page.keyboard.type(PASSWORD);
  await tabTo('button[type=submit]');
  await leads('Space');

  await tabTo('[type=radio][value="/notes"]');
  await press('Space');
  await tabTo('[type=checkbox][value="/notes notes:write"]');
  await press('Space');
  await tabTo('summary');
  await press('Enter');
  check('what is folded away opens', await page.isVisible('text=Redirect URI'));
  await press('Shift+Tab');
  check('Deny comes right after Approve', (await focused(page)).name.includes('decision'));
  await tabTo('[value=deny]');
  await press('Shift+Tab');
  await tabTo('[value=approve]');
  await leads('Enter');
  const tokens = await (await app.redeem(callback.arrived(state).get('code'))).json();
  check('the app is let in to what was chosen', tokens.scope === 'notes:read', JSON.stringify(tokens.scope));

  await page.goto(doorward.origin);
  await press('Tab');
  check('first comes the way past the list of rooms', (await focused(page)).name.includes('Skip to the page'));
  await press('Enter');
  await tabTo('button.danger');
  await leads('Enter');
  check('the connection is revoked', (await page.textContent('[role=status]')).startsWith('Revoked.'));
  await toAnotherRoom({ page, press, tabTo, leads, check });
  check('one always sees where one is', unseen.length === 0, unseen.join(' | '));
}

// Where the list of rooms is behind a button, it opens and closes by key.
async function toAnotherRoom({ page, press, tabTo, leads, check }) {
  if (await page.isVisible('.menu')) {
    await tabTo('.menu');
    await press('Enter');
    await press('Escape');
    check('Escape closes the menu, back to its button', (await focused(page)).name.includes('Menu') && !(await page.isVisible('nav.rooms')));
    await press('Enter');
  }
  await tabTo('nav.rooms a[href="/activity"]');
  await leads('Enter');
  check('another room is entered', (await page.textContent('h1')) === 'Activity');
}
