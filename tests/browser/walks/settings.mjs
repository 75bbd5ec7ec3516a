// One's own password: who changes it stays, and every other browser and app is out.

import { App } from '../support/app.mjs';
import { PASSWORD } from '../support/doorward.mjs';
import { enter, letIn, press, signIn } from '../support/person.mjs';

const NEW_PASSWORD = 'quite another horse';

export async function ownPassword({ doorward, page, stranger, callback, check, inspect }) {
  const { page: elsewhere } = await stranger();
  await elsewhere.goto(doorward.origin);
  await signIn(elsewhere);
  const app = await letIn(page, await App.register(doorward.origin, callback.uri, 'Until the change'), callback, '/notes');
  const change = async (now, password) => {
    await page.fill('[name=current]', now);
    await page.fill('[name=password]', password);
    await page.fill('[name=password_again]', password);
    await press(page, 'text="Change the password"');
  };

  await page.goto(doorward.origin);
  await enter(page, 'Settings');
  await inspect(page, 'settings');
  await change('not mine', NEW_PASSWORD);
  await inspect(page, 'settings-refused');
  check('without the password of now nothing is changed', (await page.textContent('[role=alert]')).includes('not your password') && (await app.call()) === 200);
  await change(PASSWORD, NEW_PASSWORD);
  check('with it the password is changed, and this browser stays', (await page.textContent('[role=status]')).startsWith('Changed.'));
  check('apps that were let in are out', (await app.call()) === 401);
  await elsewhere.goto(doorward.origin);
  check('and so are other browsers', await elsewhere.isVisible('[name=password]'));
  await signIn(elsewhere, 'ann', PASSWORD);
  check('the password before opens nothing', await elsewhere.isVisible('[role=alert]'));
  await change(NEW_PASSWORD, PASSWORD);
}
