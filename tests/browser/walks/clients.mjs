// Apps that want a client id: entered by platform or by hand, used with their secret, removed.

import { App, openCallback, random } from '../support/app.mjs';
import { enter, letIn, press, settles } from '../support/person.mjs';

const copied = (page, id) => page.textContent(`#${id}`).then((text) => text.trim());

// A platform that is known needs nothing but a click.
export async function addByPlatform({ doorward, page, check, inspect }) {
  await page.goto(doorward.origin);
  await enter(page, 'Apps');
  await inspect(page, 'clients');
  await page.selectOption('[name=preset]', 'claude');
  await press(page, 'text="Add the app"');
  await inspect(page, 'client-added');
  const app = new App(doorward.origin, 'https://claude.ai/api/mcp/auth_callback', await copied(page, 'client-id'));
  check('no secret is shown where none was asked for', (await page.locator('#client-secret').count()) === 0);
  await page.goto(app.authorizeUrl(random(), '/notes'));
  check('the id that was copied is asked about', (await page.textContent('.facts')).includes('Claude') && await page.isVisible('[value=approve]'));
}

export async function addByHand({ doorward, page, callback, check, inspect }) {
  const other = await openCallback();
  await page.goto(`${doorward.origin}/clients`);
  const fill = async (uris) => {
    await page.selectOption('[name=preset]', 'custom');
    await page.fill('[name=redirect_uris]', uris);
    await page.fill('#name', 'Entered by hand');
    await page.check('[name=secret]');
    await press(page, 'text="Add the app"');
  };
  await fill('http://example.com/not-https');
  await inspect(page, 'clients-refused');
  check('an address that cannot be used is said so where the focus is', await settles(page, () => document.activeElement?.getAttribute('role') === 'alert'));
  check('what was entered is kept', (await page.inputValue('[name=redirect_uris]')).includes('not-https') && await page.isChecked('[name=secret]'));
  await fill(`${callback.uri}\n${other.uri}`);
  await inspect(page, 'client-added-secret');
  const [id, secret] = [await copied(page, 'client-id'), await copied(page, 'client-secret')];

  for (const place of [callback, other]) {
    const app = new App(doorward.origin, place.uri, id, secret);
    const client = await letIn(page, app, place, '/notes');
    check(`the secret is good at /token${place === other ? ' with the second address, too' : ''}`, (await client.call()) === 200);
  }
  const state = random();
  const without = new App(doorward.origin, callback.uri, id);
  await page.goto(without.authorizeUrl(state, '/notes'));
  await press(page, '[value=approve]');
  const refused = await without.redeem(callback.arrived(state).get('code'));
  check('without the secret there are no tokens', refused.status === 401, await refused.text());
  await page.goto(`${doorward.origin}/clients`);
  check('the secret is shown once', !(await page.content()).includes(secret) && (await page.content()).includes(id));
  await remove({ doorward, page, check, app: new App(doorward.origin, callback.uri, id, secret), callback });
  other.close();
}

async function remove({ doorward, page, check, app, callback }) {
  const client = await letIn(page, app, callback, '/files');
  check('an app that was entered is let in', (await client.call()) === 200);
  await page.goto(`${doorward.origin}/clients`);
  await page.click('summary:has-text("Entered by hand")');
  await press(page, 'details[open] >> text=Remove');
  check('removed, it is out with its next call', (await client.call()) === 401);
  check('and off the list', !(await page.textContent('main')).includes('Entered by hand'));
  await page.goto(app.authorizeUrl(random(), '/files'));
  check('and asks in vain', (await page.textContent('h1')).includes('not registered'));
}

// The button beside what is to be copied is there where it works.
export async function copying({ doorward, page, look, check }) {
  await page.goto(`${doorward.origin}/connect`);
  const button = page.locator('button:has-text("Copy")').first();
  check('what is to be copied has a button where there is script, and only there', (await button.isVisible()) === look.script);
  if (!look.script) return;
  await button.click();
  await page.waitForSelector('button:has-text("Copied")');
  await page.evaluate(() => {
    const field = document.body.appendChild(document.createElement('textarea'));
    field.focus();
  });
  await page.keyboard.press('Control+V');
  check('it copies', (await page.inputValue('body > textarea')).trim() === `${doorward.origin}/notes`, await page.inputValue('body > textarea'));
}
