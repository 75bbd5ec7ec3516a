// While an app is being connected the page that tells how shows what arrives: by itself, and without script at a click.

import { App } from '../support/app.mjs';
import { letIn, press } from '../support/person.mjs';

export async function arrivals({ doorward, page, look, callback, check, inspect }) {
  await page.goto(`${doorward.origin}/connect?server=/notes`);
  check('before anything arrives the page says so', (await page.textContent('#arrived')).includes('Nothing has arrived yet'));
  check('it follows by itself where there is script, and only says so there', (await page.isVisible('[data-following]')) === look.script);

  const other = await page.context().newPage();
  const app = await letIn(other, await App.register(doorward.origin, callback.uri, 'Just arriving'), callback, '/notes');
  await app.call();
  await other.close();
  if (!look.script) await press(page, 'text="Check again"');
  await page.waitForSelector('#arrived >> text=Just arriving');
  check('what has arrived is shown', (await page.locator('#arrived li').count()) > 0);
  await inspect(page, 'connect-arrived');
}
