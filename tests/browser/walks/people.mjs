// Other people: invited, given and refused servers, switched off and on, helped to a new password, removed.

import { App } from '../support/app.mjs';
import { PASSWORD } from '../support/doorward.mjs';
import { enter, letIn, press, signIn, settles } from '../support/person.mjs';

const NEW_PASSWORD = 'another horse entirely';

export async function people(scene) {
  const { doorward, page, stranger, callback, check, inspect } = scene;
  const { page: carols } = await stranger();
  const link = await invite(scene);
  await accept(scene, carols, link);
  const connect = async (name) => letIn(carols, await App.register(doorward.origin, callback.uri, name), callback, '/notes');
  const at = async (action, before = async () => {}) => {
    await page.goto(`${doorward.origin}/users`);
    await page.click('.folds > li > details > summary:has-text("carol")');
    const asksOnceMore = page.locator(`details[open] >> details:has(button:has-text("${action}")) >> summary`);
    if (await asksOnceMore.count()) await asksOnceMore.click();
    await before(page);
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

  await newPassword(scene, at, carols, await connect('Until the reset'));
  const last = await connect('Last');
  check('her app is let in anew', (await last.call()) === 200);
  await at('Remove carol');
  check('removed with her account, it is out at once', (await last.call()) === 401);
  check('and she is off the list', !(await page.textContent('main')).includes('carol'));
  await inviteOwner(scene);
}

async function invite({ doorward, page, check, inspect }) {
  await page.goto(doorward.origin);
  await enter(page, 'People');
  await page.fill('#name', 'not a name at all!');
  await press(page, 'text="Make a link for them"');
  await inspect(page, 'users-refused');
  check('a name that cannot be one is said so where the focus is', await settles(page, () => document.activeElement?.getAttribute('role') === 'alert'));
  await page.fill('#name', 'carol');
  await page.selectOption('#server', '/notes');
  await press(page, 'text="Make a link for them"');
  await inspect(page, 'user-invited');
  return (await page.textContent('#link')).trim();
}

// An owner is made with the owner's own password.
async function inviteOwner({ doorward, page, check }) {
  const ask = async (password) => {
    await page.goto(`${doorward.origin}/users`);
    await page.fill('#name', 'dora');
    await page.check('#owner');
    await page.fill('#current', password);
    await press(page, 'text="Make a link for them"');
  };
  await ask('');
  check('without the owner’s password nobody is made one', (await page.textContent('[role=alert]')).length > 0 && !(await page.isVisible('text=dora')));
  await ask(PASSWORD);
  check('with it there is a link for another owner', (await page.textContent('#link')).includes('/invite?token='));
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

// What could take an account over asks for the owner's own password.
async function newPassword({ doorward, page, check, inspect }, at, carols, app) {
  const reset = (password) => at('Reset the password of carol', () => page.fill('details[open] >> [name=current]', password));
  await reset('not the owner’s');
  await inspect(page, 'reset-refused');
  check('without the owner’s password nothing is reset', (await app.call()) === 200);
  await reset(PASSWORD);
  check('reset, her apps are out at once', (await app.call()) === 401);
  const link = (await page.textContent('#link')).trim();
  await carols.goto(`${doorward.origin}/signin`);
  await signIn(carols, 'carol', PASSWORD);
  check('and the password before opens nothing', await carols.isVisible('[role=alert]'));
  await carols.goto(link);
  await carols.fill('[name=password]', NEW_PASSWORD);
  await carols.fill('[name=password_again]', NEW_PASSWORD);
  await press(carols, 'text="Save and sign in"');
  check('with the link she chooses another', carols.url() === `${doorward.origin}/connect`, carols.url());
}
