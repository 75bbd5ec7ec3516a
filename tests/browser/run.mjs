// What a person does, in a real Chromium: sets up, signs in, approves or denies by click, arrives at the app.
// One line a check; the last line counts them.

import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const PROGRAM = process.env.DOORWARD_BIN;
const PASSWORD = 'correct horse battery';
const RESULTS = new URL('./results/', import.meta.url).pathname;
mkdirSync(RESULTS, { recursive: true });
const work = mkdtempSync(join(tmpdir(), 'dw-browser-'));
let passed = 0;
let failed = 0;

function check(name, holds, detail = '') {
  if (holds) passed += 1;
  else failed += 1;
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${name}${holds ? '' : ` ${detail}`}`);
}

async function startDoorward(data) {
  const child = spawn(PROGRAM, ['serve', '--listen', '127.0.0.1:0', '--data', data], { stdio: ['ignore', 'pipe', 'inherit'] });
  const first = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (piece) => {
      text += piece;
      if (text.includes('\n')) resolve(text.split('\n')[0]);
    });
    child.on('exit', () => reject(new Error('doorward did not start')));
  });
  return { child, origin: first.replace('listening on ', '') };
}

function command(data, ...words) {
  return JSON.parse(execFileSync(PROGRAM, [...words, '--data', data, '--json']).toString());
}

// A client's callback: remembers what arrives; with `onward` it sends the browser on, as hosted clients do.
function callback(server, onward) {
  const arrivals = [];
  server.on('request', (request, response) => {
    if (request.url.startsWith('/callback')) {
      arrivals.push(new URL(request.url, 'http://here').searchParams);
      if (onward) response.writeHead(302, { location: onward }).end();
      else response.writeHead(200, { 'content-type': 'text/html' }).end('<title>arrived</title>');
    } else {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<title>onward</title>');
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve({ port: server.address().port, arrivals, server })));
}

function selfSigned() {
  const [key, certificate] = [join(work, 'key.pem'), join(work, 'cert.pem')];
  const subject = ['-subj', '/CN=client.test', '-addext', 'subjectAltName=DNS:client.test,DNS:next.test'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-keyout', key, '-out', certificate, ...subject], { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(certificate) };
}

async function register(origin, redirectUri, name) {
  const body = { client_name: name, redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' };
  const answer = await fetch(`${origin}/register`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return (await answer.json()).client_id;
}

function authorizeUrl(origin, clientId, redirectUri, verifier, state) {
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const query = new URLSearchParams({ response_type: 'code', client_id: clientId, redirect_uri: redirectUri, code_challenge: challenge, code_challenge_method: 'S256', state });
  return `${origin}/authorize?${query}`;
}

async function redeem(origin, clientId, redirectUri, verifier, code) {
  const body = new URLSearchParams({ grant_type: 'authorization_code', client_id: clientId, redirect_uri: redirectUri, code_verifier: verifier, code });
  return fetch(`${origin}/token`, { method: 'POST', body });
}

async function tidy(page, name) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  check(`${name} fits its width`, !wide);
  await page.screenshot({ path: join(RESULTS, `${name}.png`), fullPage: true });
}

// A double click begins two navigations, and the second ends the first: what counts is where the browser comes to rest.
async function arrived(page, url) {
  for (let tries = 0; tries < 100 && page.url() !== url; tries += 1) await page.waitForTimeout(50);
  await page.waitForLoadState();
}

async function main() {
  const data = join(work, 'data');
  const { child, origin } = await startDoorward(data);
  const loopback = await callback(createServer());
  const onward = await callback(createTlsServer(selfSigned()));
  const hosted = await callback(createTlsServer(selfSigned()), 'https://next.test/landing');
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--ignore-certificate-errors',
      `--host-resolver-rules=MAP client.test 127.0.0.1:${hosted.port}, MAP next.test 127.0.0.1:${onward.port}`,
    ],
  });
  try {
    for (const [scheme, width, script] of [['light', 320, false], ['dark', 768, true], ['light', 1024, false]]) {
      await person(browser, { origin, data, loopback, hosted, onward, scheme, width, script });
    }
    await device(browser, origin);
    await choosing(browser);
    await framed(browser, origin);
  } finally {
    await browser.close();
    for (const { server } of [loopback, onward, hosted]) server.close();
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
    rmSync(work, { recursive: true, force: true });
  }
}

async function person(browser, { origin, data, loopback, hosted, onward, scheme, width, script }) {
  const look = `${scheme}-${width}`;
  const context = await browser.newContext({ viewport: { width, height: 720 }, colorScheme: scheme, javaScriptEnabled: script, ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => message.type() === 'error' && !message.text().includes('favicon') && complaints.push(message.text()));
  if (command(data, 'user', 'list').length === 0) await setUp(page, data, origin, look);
  await context.clearCookies();

  // sign-in, then consent, to a program on this device
  const verifier = randomBytes(40).toString('base64url');
  const redirectUri = `http://127.0.0.1:${loopback.port}/callback`;
  const clientId = await register(origin, redirectUri, 'Browser test');
  await page.goto(authorizeUrl(origin, clientId, redirectUri, verifier, look));
  await tidy(page, `signin-${look}`);
  check(`${look}: the name field has the focus`, await page.evaluate(() => document.activeElement?.name === 'username'));
  await page.fill('[name=username]', 'ann');
  await page.fill('[name=password]', 'not the password');
  await page.click('button[type=submit]');
  check(`${look}: a wrong password is said so`, (await page.textContent('[role=alert]'))?.includes('not right'));
  await page.fill('[name=username]', 'ann');
  await page.fill('[name=password]', PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForSelector('[name=decision][value=approve]');
  await tidy(page, `consent-loopback-${look}`);
  const flow = await page.inputValue('[name=flow] >> nth=0');
  await Promise.all([page.waitForURL(/127\.0\.0\.1:\d+\/callback/), page.click('[value=approve]')]);
  const arrival = loopback.arrivals.at(-1);
  check(`${look}: the code arrives on loopback with state and issuer`, arrival?.get('code') && arrival.get('state') === look && arrival.get('iss') === origin);
  const tokens = await redeem(origin, clientId, redirectUri, verifier, arrival.get('code'));
  check(`${look}: the code is good for tokens`, tokens.status === 200, await tokens.clone().text());

  // going back does not bring the answered form again, but asks anew
  await page.goBack();
  await page.waitForSelector('[name=flow]', { state: 'attached' });
  check(`${look}: going back asks anew`, (await page.inputValue('[name=flow] >> nth=0')) !== flow);

  // a hosted client that sends the browser on
  const hostedUri = 'https://client.test/callback';
  const hostedClient = await register(origin, hostedUri, 'Hosted test');
  await page.goto(authorizeUrl(origin, hostedClient, hostedUri, verifier, `${look}-hosted`));
  await tidy(page, `consent-hosted-${look}`);
  check(`${look}: the page names the destination`, (await page.textContent('main')).includes('client.test'));
  await page.dblclick('[value=approve]');
  await arrived(page, 'https://next.test/landing');
  check(`${look}: approving by double click reaches the hosted client and where it leads`, hosted.arrivals.at(-1)?.get('code') && (await page.title()) === 'onward');

  // deny
  await page.goto(authorizeUrl(origin, hostedClient, hostedUri, verifier, `${look}-deny`));
  await Promise.all([page.waitForURL('https://next.test/landing'), page.click('[value=deny]')]);
  const denial = hosted.arrivals.at(-1);
  check(`${look}: a denial reaches the client`, denial?.get('error') === 'access_denied' && denial.get('state') === `${look}-deny` && denial.get('iss') === origin && !denial.get('code'));

  // the start page shows the connection and takes it back
  await page.goto(origin);
  await tidy(page, `home-${look}`);
  const before = command(data, 'connection', 'list').length;
  await page.click('button:has-text("Revoke")');
  await page.waitForURL(`${origin}/`);
  check(`${look}: revoking takes the connection away`, command(data, 'connection', 'list').length === before - 1);
  const { access_token: token } = await tokens.json();
  const call = await fetch(`${origin}/mcp`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  check(`${look}: and its next call is refused`, call.status === 401);

  // errors are pages too
  const error = await page.goto(`${origin}/authorize?client_id=client_unknown`);
  await tidy(page, `unknown-client-${look}`);
  check(`${look}: an unknown client stays here`, error.status() === 400 && page.url().startsWith(origin));

  check(`${look}: the browser had nothing to complain about`, complaints.filter((text) => !/status of 4\d\d/.test(text)).length === 0, complaints.join(' | '));
  await context.close();
}

async function setUp(page, data, origin, look) {
  const { url } = command(data, 'setup');
  await page.goto(url);
  await tidy(page, `setup-${look}`);
  await page.fill('[name=username]', 'ann');
  await page.fill('[name=password]', PASSWORD);
  await page.fill('[name=password_again]', PASSWORD);
  await page.click('button[type=submit]');
  await page.waitForURL(`${origin}/connect`);
  await tidy(page, `connect-${look}`);
  await page.goto(origin);
  await tidy(page, `home-empty-${look}`);
  check('set-up signs the owner in', (await page.textContent('body')).includes('ann'));
  const again = await page.goto(url);
  check('the set-up link works once', again.status() === 403);
}

// A device shows a code, a plugin polls: the person answers in this browser, and the answer is fetched elsewhere.
async function device(browser, origin) {
  const grant = 'urn:ietf:params:oauth:grant-type:device_code';
  const post = async (path, fields) => (await fetch(`${origin}${path}`, { method: 'POST', body: new URLSearchParams(fields) })).json();
  const body = { client_name: 'A lamp', grant_types: ['authorization_code', grant], redirect_uris: [`${origin}/poll/callback`], token_endpoint_auth_method: 'none' };
  const registered = await fetch(`${origin}/register`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const { client_id } = await registered.json();
  for (const [scheme, width] of [['light', 320], ['dark', 768], ['light', 1024]]) {
    const look = `${scheme}-${width}`;
    const context = await browser.newContext({ viewport: { width, height: 720 }, colorScheme: scheme, javaScriptEnabled: false });
    const page = await context.newPage();
    const begun = await post('/device_authorization', { client_id });
    await page.goto(begun.verification_uri_complete);
    await page.fill('[name=username]', 'ann');
    await page.fill('[name=password]', PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForSelector('[name=user_code]');
    check(`${look}: the device's code is filled in after sign-in`, (await page.inputValue('[name=user_code]')) === begun.user_code);
    await page.fill('[name=user_code]', 'bbbb bbbb');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=alert]');
    await tidy(page, `device-wrong-${look}`);
    await page.fill('[name=user_code]', begun.user_code.toLowerCase());
    await tidy(page, `device-${look}`);
    await page.keyboard.press('Enter');
    await page.waitForSelector('[value=approve]');
    await tidy(page, `device-consent-${look}`);
    await page.click('[value=approve]');
    await page.waitForSelector('text=Your device is let in');
    await tidy(page, `device-done-${look}`);
    const tokens = await post('/token', { grant_type: grant, device_code: begun.device_code, client_id });
    check(`${look}: the device has its tokens`, Boolean(tokens.access_token), JSON.stringify(Object.keys(tokens)));

    const [state, verifier] = [randomBytes(24).toString('base64url'), randomBytes(40).toString('base64url')];
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    await page.goto(`${origin}/poll/start?${new URLSearchParams({ client_id, state, code_challenge: challenge, code_challenge_method: 'S256' })}`);
    await page.waitForSelector('[value=approve]');
    await tidy(page, `poll-consent-${look}`);
    await page.dblclick('[value=approve]');
    await page.waitForSelector('text=Go back to the app');
    await tidy(page, `poll-done-${look}`);
    const fetched = await (await fetch(`${origin}/poll?${new URLSearchParams({ state })}`)).json();
    const redeemed = await redeem(origin, client_id, `${origin}/poll/callback`, verifier, fetched.code);
    check(`${look}: the fetched code is good for tokens`, redeemed.status === 200, await redeemed.text());
    await context.close();
  }
}

// Two servers and a request that names neither: the person picks one on the page.
async function choosing(browser) {
  const data = join(work, 'two');
  mkdirSync(data);
  const server = (path, name) => `[[server]]\npath = "/${path}"\nname = "${name}"\nupstream = "http://127.0.0.1:9/mcp"\n[server.scopes]\n"${path}:read" = "Read your ${path}"\n"${path}:write" = "Change your ${path}"\n`;
  writeFileSync(join(data, 'doorward.toml'), server('notes', 'Notes') + server('files', 'Family files'));
  const { child, origin } = await startDoorward(data);
  try {
    execFileSync(PROGRAM, ['user', 'add', 'ann', '--owner', '--password-stdin', '--data', data], { input: `${PASSWORD}\n` });
    for (const [scheme, width] of [['light', 320], ['dark', 320], ['light', 768], ['dark', 768], ['light', 1024], ['dark', 1024]]) {
      await choose(browser, origin, scheme, width);
    }
  } finally {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
  }
}

async function choose(browser, origin, scheme, width) {
  const look = `${scheme}-${width}`;
  const context = await browser.newContext({ viewport: { width, height: 720 }, colorScheme: scheme, javaScriptEnabled: false });
  const page = await context.newPage();
  const app = await callback(createServer());
  const redirectUri = `http://127.0.0.1:${app.port}/callback`;
  const verifier = randomBytes(40).toString('base64url');
  const clientId = await register(origin, redirectUri, 'Two servers');
  await page.goto(authorizeUrl(origin, clientId, redirectUri, verifier, look));
  await page.fill('[name=username]', 'ann');
  await page.fill('[name=password]', PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForSelector('[type=radio]');
  await tidy(page, `choice-${look}`);
  check(`${look}: no server is chosen beforehand`, (await page.locator('[type=radio]:checked').count()) === 0);
  await page.click('[value=approve]');
  check(`${look}: approving without a choice stays on the page`, page.url().startsWith(`${origin}/authorize`));
  await page.check('[name=server][value="/files"]');
  check(`${look}: what the chosen server allows is shown`, (await page.isVisible('text=Change your files')) && !(await page.isVisible('text=Change your notes')));
  await page.uncheck('[name=scope][value="/files files:write"]');
  await tidy(page, `chosen-${look}`);
  await Promise.all([page.waitForURL(/callback/), page.click('[value=approve]')]);
  const tokens = await (await redeem(origin, clientId, redirectUri, verifier, app.arrivals.at(-1).get('code'))).json();
  check(`${look}: what was left ticked of the chosen server is granted`, tokens.scope === 'files:read', JSON.stringify(tokens.scope));
  app.server.close();
  await context.close();
}

async function framed(browser, origin) {
  const host = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(`<iframe src="${origin}/signin"></iframe>`));
  await new Promise((resolve) => host.listen(0, '127.0.0.1', resolve));
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`http://localhost:${host.address().port}/`);
  await page.waitForTimeout(500);
  const inside = await page.frames().at(-1).content().catch(() => '');
  check('no page of ours is shown in a frame', !inside.includes('name="password"'));
  await context.close();
  host.close();
}

try {
  await main();
} catch (error) {
  check('the walk came to its end', false, error.stack);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
