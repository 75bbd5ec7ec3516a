// The question that all is about: approve, deny, double click, back button, and every kind of destination.

import { App, call, random } from '../support/app.mjs';
import { comesToRest, press, signIn } from '../support/person.mjs';

const LANDING = 'https://next.test/landing';

// To a program on this device.
export async function approve({ doorward, page, check, inspect, callback }) {
  const app = await App.register(doorward.origin, callback.uri, 'Browser test');
  const state = random();
  await page.goto(app.authorizeUrl(state, '/notes'));
  await inspect(page, 'consent-loopback');
  const flow = await page.inputValue('[name=flow] >> nth=0');
  await press(page, '[value=approve]');
  const arrival = callback.arrived(state);
  check('the code arrives on loopback with state and issuer', arrival?.get('code') && arrival.get('iss') === doorward.origin);
  const tokens = await app.redeem(arrival.get('code'));
  check('the code is good for tokens', tokens.status === 200, await tokens.clone().text());
  const { access_token: token } = await tokens.json();
  const opens = [await call(doorward.origin, '/notes', token), await call(doorward.origin, '/files', token)];
  check('the token opens the server and no other', opens.join() === '200,401', opens.join());

  // Going back does not bring the answered form again, but asks anew.
  await page.goBack();
  await page.waitForSelector('[name=flow]', { state: 'attached' });
  check('going back asks anew', (await page.inputValue('[name=flow] >> nth=0')) !== flow);
  check('and says why', await page.isVisible('text="Why again"'));
  await inspect(page, 'consent-again');
  await press(page, '[value=deny]');
  check('and that may be answered otherwise', callback.arrived(state).get('error') === 'access_denied');
  check('which takes nothing back of what was granted', (await call(doorward.origin, '/notes', token)) === 200);

  // An answered form that a browser kept all the same is not answered again.
  await page.goto(app.authorizeUrl(random(), '/notes'));
  const kept = await page.inputValue('[name=flow] >> nth=0');
  await press(page, '[value=deny]');
  await page.goto(app.authorizeUrl(random(), '/notes'));
  await page.evaluate((value) => document.querySelectorAll('[name=flow]').forEach((field) => { field.value = value; }), kept);
  await press(page, '[value=approve]');
  await inspect(page, 'consent-answered');
  check('an answered form is not answered otherwise', (await page.textContent('main')).includes('answered this request already') && page.url().startsWith(doorward.origin));
}

// To an app on the web that sends the browser on.
export async function hostedApp({ doorward, page, check, inspect, hosted }) {
  const app = await App.register(doorward.origin, 'https://client.test/callback', 'Hosted test');
  const approved = random();
  await page.goto(app.authorizeUrl(approved, '/notes'));
  await inspect(page, 'consent-hosted');
  check('the page names the destination', (await page.textContent('main')).includes('client.test'));
  await page.dblclick('[value=approve]');
  check('a double click arrives where the app leads', await comesToRest(page, LANDING) && (await page.title()) === 'onward', page.url());
  const code = hosted.arrived(approved)?.get('code');
  check('with a code that is good for tokens', code && (await app.redeem(code)).status === 200);

  for (const [name, click] of [['a denial', () => press(page, '[value=deny]')], ['a denial by double click', () => page.dblclick('[value=deny]')]]) {
    const denied = random();
    await page.goto(app.authorizeUrl(denied, '/notes'));
    await click();
    await comesToRest(page, LANDING);
    const denial = hosted.arrived(denied);
    check(`${name} reaches the app`, page.url() === LANDING && denial?.get('error') === 'access_denied' && denial.get('iss') === doorward.origin && !denial.get('code'));
  }
}

// "Not you?" goes on under whoever signs in next.
export async function notYou({ doorward, page, check, callback }) {
  const app = await App.register(doorward.origin, callback.uri, 'Not me');
  const state = random();
  await page.goto(app.authorizeUrl(state, '/notes'));
  await press(page, 'text="Not you?"');
  await signIn(page, 'bob');
  check('somebody else may go on with the request', (await page.textContent('.facts')).includes('bob'));
  await press(page, '[value=approve]');
  const { access_token: token } = await (await app.redeem(callback.arrived(state).get('code'))).json();
  check('and it is they who let the app in', (await doorward.command('connection', 'list')).some((one) => one.user === 'bob' && one.client === 'Not me') && Boolean(token));
  await page.goto(doorward.origin);
  await page.context().clearCookies();
  await page.goto(doorward.origin);
  await signIn(page);
}

// Destinations that this test does not follow, and a name that wants more room than there is.
export async function destinations({ doorward, page, check, inspect }) {
  const known = [
    ['claude', 'https://claude.ai/api/mcp/auth_callback', 'Claude', 'A known address of Claude'],
    ['application', 'cursor://anysphere.cursor-mcp/oauth/callback', 'Cursor', 'an application on this device'],
    ['long-name', `https://${'a-long-way-down.'.repeat(6)}example.com/callback`, 'W'.repeat(120), 'does not know this address'],
  ];
  for (const [name, uri, calls, says] of known) {
    const app = await App.register(doorward.origin, uri, calls);
    await page.goto(app.authorizeUrl(random(), '/notes'));
    await inspect(page, `consent-${name}`);
    check(`the page says where ${name} gets its answer`, (await page.textContent('.destination')).includes(says));
  }
  const refused = await page.goto(`${doorward.origin}/authorize?client_id=client_unknown`);
  await inspect(page, 'unknown-client');
  check('an unknown app stays here', refused.status() === 400 && page.url().startsWith(doorward.origin));
}

// Two servers and a request that names neither: the person picks one on the page.
export async function choose({ doorward, page, check, inspect, callback }) {
  const app = await App.register(doorward.origin, callback.uri, 'Two servers');
  const state = random();
  await page.goto(app.authorizeUrl(state));
  await inspect(page, 'choice');
  check('no server is chosen beforehand', (await page.locator('[type=radio]:checked').count()) === 0);
  await page.click('[value=approve]');
  check('approving without a choice stays on the page', page.url().startsWith(`${doorward.origin}/authorize`));
  await page.evaluate(() => document.querySelectorAll('[required]').forEach((field) => field.removeAttribute('required')));
  await press(page, '[value=approve]');
  await inspect(page, 'choice-missing');
  check('the server asks for the choice, too', (await page.textContent('[role=alert]')).includes('Choose the server'));
  await page.check('[name=server][value="/files"]');
  check('what the chosen server allows is shown', (await page.isVisible('text=Change your files')) && !(await page.isVisible('text=Change your notes')));
  await page.uncheck('[name=scope][value="/files files:write"]');
  await inspect(page, 'chosen');
  await press(page, '[value=approve]');
  const tokens = await (await app.redeem(callback.arrived(state).get('code'))).json();
  check('what was left ticked of the chosen server is granted', tokens.scope === 'files:read', JSON.stringify(tokens.scope));
}
