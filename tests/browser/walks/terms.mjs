// Let in for a time: an end that is chosen with the answer, seen on the overview, changed there, and kept by the gate.

import { App, call, random } from '../support/app.mjs';
import { press } from '../support/person.mjs';

export async function terms({ doorward, page, callback, check, inspect }) {
  const app = await App.register(doorward.origin, callback.uri, 'For a time');
  const state = random();
  await page.goto(app.authorizeUrl(state, '/notes'));
  await page.selectOption('[name=term]', '2h');
  await press(page, '[value=approve]');
  const { access_token: token } = await (await app.redeem(callback.arrived(state).get('code'))).json();
  const entry = page.locator('.entries > li:has-text("For a time")');
  const limit = async (term) => {
    await page.goto(doorward.origin);
    await entry.locator('.until > summary').click();
    await entry.locator('[name=term]').selectOption(term);
    await press(page, '.entries > li:has-text("For a time") >> text="Save"');
  };
  await page.goto(doorward.origin);
  check('the overview says when it ends', (await entry.textContent()).includes('Ends'));
  await inspect(page, 'home-term');
  await limit('off');
  check('it may be left open', !(await entry.textContent()).includes('Ends') && (await call(doorward.origin, '/notes', token)) === 200);

  // No page offers so short a time; the form takes any.
  await page.goto(doorward.origin);
  await entry.locator('.until > summary').click();
  await entry.locator('option[value="1h"]').evaluate((option) => option.setAttribute('value', '3s'));
  await entry.locator('[name=term]').selectOption('3s');
  await press(page, '.entries > li:has-text("For a time") >> text="Save"');
  const before = await call(doorward.origin, '/notes', token);
  await page.waitForTimeout(4_100);
  const after = await call(doorward.origin, '/notes', token);
  check('when its time is over the app is out with its next call', `${before} ${after}` === '200 401', `${before} ${after}`);
  await page.goto(doorward.origin);
  check('and off the overview', (await entry.count()) === 0);
}
