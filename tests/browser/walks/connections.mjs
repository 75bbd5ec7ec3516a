// The overview: what is connected, and taking it back. What counts is what the gate says to the app afterwards.

import { App } from '../support/app.mjs';
import { letIn, press, signIn } from '../support/person.mjs';

const beside = (name) => `.entries > li:has-text("${name}") >> text=Revoke`;

export async function revoking({ doorward, page, stranger, callback, check, inspect }) {
  const connect = async (who, name, path) => letIn(who, await App.register(doorward.origin, callback.uri, name), callback, path);
  const { page: bobs } = await stranger();
  await bobs.goto(doorward.origin);
  await signIn(bobs, 'bob');
  const first = await connect(page, 'First app', '/notes');
  const second = await connect(page, 'Second app', '/files');
  const third = await connect(page, 'Third app', '/notes');
  const [ofBob, lastOfBob] = [await connect(bobs, 'App of bob', '/notes'), await connect(bobs, 'Last app of bob', '/notes')];
  const alive = async () => (await Promise.all([first, second, third, ofBob, lastOfBob].map((app) => app.call()))).map((status) => (status === 200 ? 'in' : status)).join(' ');
  check('every app is let in', (await alive()) === 'in in in in in', await alive());

  await page.goto(doorward.origin);
  await inspect(page, 'home');
  await press(page, beside('First app'));
  check('one is revoked, with its next call, and no other', (await alive()) === '401 in in in in', await alive());
  check('it is said once', (await page.textContent('[role=status]')).startsWith('Revoked.'));
  await inspect(page, 'home-revoked');
  await page.reload();
  check('and not again', (await page.locator('[role=status]').count()) === 0);
  check('what is revoked is off the list', (await page.locator('.entries > li:has-text("First app")').count()) === 0);

  await bobs.goto(doorward.origin);
  await inspect(bobs, 'home-of-user');
  check('nobody else sees it', !(await bobs.textContent('main')).includes('Second app') && !(await bobs.isVisible('text=Revoke everything')));
  await press(bobs, beside('Last app of bob'));
  check('a user revokes an app of their own', (await alive()) === '401 in in in 401', await alive());

  await page.goto(doorward.origin);
  await page.click('text=Revoke all of yours');
  await press(page, 'text="Revoke all of mine"');
  check('all of one’s own are revoked, and nobody else’s', (await alive()) === '401 401 401 in 401', await alive());
  await page.click('text=Revoke everything…');
  await press(page, 'text="Revoke everything"');
  check('everything is revoked', (await alive()) === '401 401 401 401 401', await alive());
}

// What is for owners is not shown to others, and refused to them.
export async function ordinaryUser({ doorward, stranger, check, inspect }) {
  const { page } = await stranger();
  await page.goto(doorward.origin);
  await signIn(page, 'bob');
  await inspect(page, 'user-home');
  const rooms = await page.locator('nav.rooms a').allTextContents();
  check('the list has the rooms of everybody only', !rooms.some((room) => ['Servers', 'Apps', 'People', 'Attempts'].includes(room)), rooms.join());
  for (const room of ['connect', 'activity', 'settings']) {
    await page.goto(`${doorward.origin}/${room}`);
    await inspect(page, `user-${room}`);
  }
  for (const room of ['servers', 'clients', 'users', 'trace']) {
    const answer = await page.goto(`${doorward.origin}/${room}`);
    check(`/${room} is for the owner`, answer.status() === 403);
  }
  await inspect(page, 'owners-only');
}
