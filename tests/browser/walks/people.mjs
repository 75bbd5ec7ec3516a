// Other people: invited, given and refused servers, switched off and on, helped to a new password, removed.

import { App } from '../support/app.mjs';
import { PASSWORD } from '../support/doorward.mjs';
import { enter, letIn, press, signIn } from '../support/person.mjs';

const NEW_PASSWORD = 'another horse entirely';

export async function people(scene) {
  const { doorward, page, stranger, callback, check, inspect } = scene;
  const { page: carols } = await stranger();
  const link = await invite(scene);
  await accept(scene, carols, link);
  const connect = async (name) => letIn(carols, await App.register(doorward.origin, callback.uri, name), callback, '/notes');
  const at = async (action) => {
    await page.goto(`${doorward.origin}/users`);
    await page.click('summary:has-text("carol")');
    if (action === 'Remove carol') await page.click('details[open] >> text=Remove…');
    if (action.startsWith('Reset')) {
      await page.click('details[open] >> summary:has-text("Reset the password")');
      await page.fill('details[open] details[open] [name=current]', PASSWORD);
    }
    await press(page, `details[open] >> button:has-text("${action}")`);
  };

  const before = await connect('Before');
  check('her app is let in', (await before.call()) === 200);
  await at('Take away Notes');
  check('with the server taken away it is out at once', (await before.call()) === 401);
  check('which is said', (await page.textContent('[role=status]')).startsWith('Taken away.'));
  await carols.goto(`${doorward.origin}/connect`);
  await inspect(carols, 'no-server');
  check('and she sees no server', (await carols.textContent('main')).includes('not been given access'));
  await at('Allow Notes');
  check('given back it brings no token back', (await before.call()) === 401);
  const after = await connect('After');
  check('but lets apps in anew', (await after.call()) === 200);

  await at('Switch off');
  check('switched off, her apps are out at once', (await after.call()) === 401);
  await carols.goto(doorward.origin);
  check('and so is her browser', await carols.isVisible('[name=password]'));
  await signIn(carols, 'carol');
  check('and her password opens nothing', await carols.isVisible('[role=alert]'));
  await page.goto(`${doorward.origin}/users`);
  await inspect(page, 'users');
  await at('Switch on again');
  await signIn(carols, 'carol');
  check('switched on again she signs in', (await carols.textContent('h1')) === 'Overview');

  await newPassword(scene, at, carols);
  const last = await connect('Last');
  check('her app is let in anew', (await last.call()) === 200);
  await at('Remove carol');
  check('removed with her account, it is out at once', (await last.call()) === 401);
  check('and she is off the list', !(await page.textContent('main')).includes('carol'));
}

async function invite({ doorward, page, check, inspect }) {
  await page.goto(doorward.origin);
  await enter(page, 'People');
  await page.fill('#name', 'not a name at all!');
  await press(page, 'text="Make a link for them"');
  await inspect(page, 'users-refused');
  check('a name that cannot be one is said so where the focus is', await page.evaluate(() => document.activeElement?.getAttribute('role') === 'alert'));
  await page.fill('#name', 'carol');
  await page.selectOption('#server', '/notes');
  await press(page, 'text="Make a link for them"');
  await inspect(page, 'user-invited');
  return (await page.textContent('#link')).trim();
}

async function accept({ doorward, check, inspect }, carols, link) {
  await carols.goto(link);
  await inspect(carols, 'invite');
  const choose = async (password, again) => {
    await carols.fill('[name=password]', password);
    await carols.fill('[name=password_again]', again);
    await press(carols, 'text="Save and sign in"');
  };
  await choose(PASSWORD, 'something else');
  await inspect(carols, 'invite-refused');
  check('two passwords that differ are said so', (await carols.textContent('[role=alert]')).includes('not the same'));
  await choose(PASSWORD, PASSWORD);
  check('who is invited chooses a password and is signed in', carols.url() === `${doorward.origin}/connect` && (await carols.textContent('nav.rooms')).includes('carol'));
  check('and is shown her server alone', !(await carols.textContent('main')).includes('Family files'));
  await carols.goto(link);
  await inspect(carols, 'invite-closed');
  check('the link works once', (await carols.textContent('h1')).includes('does not work'));
}

async function newPassword({ doorward, page, check }, at, carols) {
  await at('Reset the password of carol');
  await carols.goto((await page.textContent('#link')).trim());
  await carols.fill('[name=password]', NEW_PASSWORD);
  await carols.fill('[name=password_again]', NEW_PASSWORD);
  await press(carols, 'text="Save and sign in"');
  await carols.context().clearCookies();
  await carols.goto(`${doorward.origin}/signin`);
  await signIn(carols, 'carol', PASSWORD);
  check('the password before is none any more', await carols.isVisible('[role=alert]'));
  await signIn(carols, 'carol', NEW_PASSWORD);
  check('the new one is', (await carols.textContent('h1')) === 'Overview');
}
