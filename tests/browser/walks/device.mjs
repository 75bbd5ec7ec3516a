// A device shows a code, a plugin polls: the person answers in this browser, and the answer is fetched elsewhere.

import { App, random } from '../support/app.mjs';
import { press, signIn, settles } from '../support/person.mjs';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

async function lamp(doorward) {
  const app = await App.register(doorward.origin, `${doorward.origin}/poll/callback`, 'A lamp', { grant_types: ['authorization_code', GRANT] });
  const post = async (path, fields) => (await fetch(doorward.origin + path, { method: 'POST', body: new URLSearchParams({ ...fields, client_id: app.id }) })).json();
  return { app, post };
}

export async function device({ doorward, stranger, check, inspect }) {
  const { app, post } = await lamp(doorward);
  const { page } = await stranger();
  const begin = () => post('/device_authorization', { resource: `${doorward.origin}/notes` });
  const begun = await begin();
  await page.goto(begun.verification_uri_complete);
  await signIn(page);
  check('the code is filled in after sign-in', (await page.inputValue('[name=user_code]')) === begun.user_code);
  await page.fill('[name=user_code]', 'bbbb bbbb');
  await press(page, 'button[type=submit] >> text=Continue');
  await inspect(page, 'device-wrong');
  check('a wrong code is said so, of the field that has the focus', await settles(page, () => document.activeElement?.getAttribute('aria-describedby')?.split(' ').some((id) => document.getElementById(id)?.getAttribute('role') === 'alert')));
  await page.fill('[name=user_code]', begun.user_code.toLowerCase());
  await inspect(page, 'device');
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
  await inspect(page, 'device-consent');
  await press(page, '[value=approve]');
  await inspect(page, 'device-done');
  const tokens = await post('/token', { grant_type: GRANT, device_code: begun.device_code });
  check('the device has its tokens', Boolean(tokens.access_token), JSON.stringify(tokens));

  const denied = await begin();
  await page.goto(denied.verification_uri_complete);
  await press(page, 'button[type=submit] >> text=Continue');
  await press(page, '[value=deny]');
  await inspect(page, 'device-denied');
  const refused = await post('/token', { grant_type: GRANT, device_code: denied.device_code });
  check('a device that was denied is told so', refused.error === 'access_denied', JSON.stringify(refused));
  await bridge({ doorward, page, check, inspect, app });
}

async function bridge({ doorward, page, check, inspect, app }) {
  const start = (state) => page.goto(`${doorward.origin}/poll/start?${new URLSearchParams({ client_id: app.id, state, code_challenge: app.challenge, code_challenge_method: 'S256', resource: `${doorward.origin}/notes` })}`);
  const fetched = async (state) => (await fetch(`${doorward.origin}/poll?${new URLSearchParams({ state })}`)).json();
  const approved = random();
  await start(approved);
  await inspect(page, 'poll-consent');
  await page.dblclick('[value=approve]');
  await page.waitForSelector('text=Go back to the app');
  await inspect(page, 'poll-done');
  const redeemed = await app.redeem((await fetched(approved)).code);
  check('the fetched code is good for tokens', redeemed.status === 200, await redeemed.text());

  const denied = random();
  await start(denied);
  await press(page, '[value=deny]');
  await inspect(page, 'poll-denied');
  check('a plugin that was denied is told so', (await fetched(denied)).error === 'access_denied');
}
