// A consent page that was left open for longer than a request waits: its doorward lets them wait for a moment only.

import { App, random } from '../support/app.mjs';
import { press, signIn } from '../support/person.mjs';

export const HASTY = '[lifetimes]\nflow = "2s"\n';

export async function expired({ hasty, stranger, check, inspect, callback }) {
  const { page } = await stranger();
  const app = await App.register(hasty.origin, callback.uri, 'Left open');
  for (const decision of ['approve', 'deny']) {
    const state = random();
    await page.goto(app.authorizeUrl(state));
    if (await page.isVisible('[name=password]')) await signIn(page);
    await page.waitForTimeout(3_100);
    await press(page, `[value=${decision}]`);
    check(`to ${decision} too late is said to be so`, (await page.textContent('main')).includes('waited too long'));
    check(`and nothing arrives of what was too late to ${decision}`, callback.arrived(state) === undefined && page.url().startsWith(hasty.origin));
    if (decision === 'approve') await inspect(page, 'expired');
  }
  // In time, if the machine is: it has two seconds for it.
  let arrived;
  for (let tries = 0; tries < 5 && !arrived; tries += 1) {
    const state = random();
    await page.goto(app.authorizeUrl(state));
    await press(page, '[value=approve]');
    arrived = callback.arrived(state);
  }
  check('started again it works', Boolean(arrived?.get('code')));
}
