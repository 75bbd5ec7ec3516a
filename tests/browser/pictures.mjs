// The pictures of the README, taken anew: `PICTURES=1 sh tests/browser/run.sh`. A doorward at home, seen from outside under a
// name of its own; whatever differs from one run to the next (ports, ids) is not in them.

import { request as httpRequest } from 'node:http';
import { createServer } from 'node:https';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, openCallback, random, selfSigned } from './support/app.mjs';
import { openUpstream, startDoorward } from './support/doorward.mjs';
import { openBrowser } from './support/looks.mjs';
import { letIn, press, signIn } from './support/person.mjs';

const PICTURES = new URL('./pictures/', import.meta.url).pathname;
const PUBLIC = 'https://mcp.example.com';
const CLAUDE = 'https://claude.ai/api/mcp/auth_callback';

const home = (upstream) => `public_url = "${PUBLIC}"
trusted_proxies = ["127.0.0.1"]
[[server]]
path = "/notes"
name = "Notes"
upstream = "${upstream}"
default_scopes = ["notes:read"]
[server.scopes]
"notes:read" = "Read your notes"
"notes:write" = "Change your notes"
[[server]]
path = "/home"
name = "Home Assistant"
upstream = "${upstream}"
[server.scopes]
"home:see" = "See what is switched on"
"home:switch" = "Switch lights and sockets"
`;

// The proxy that a home has in front: it ends TLS.
async function openProxy(origin) {
  const server = createServer(selfSigned('mcp.example.com'), (request, response) => {
    const headers = { ...request.headers, 'x-forwarded-for': '198.51.100.7' };
    request.pipe(httpRequest(origin + request.url, { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: server.address().port, close: () => server.close() };
}


// Small, and sharp enough for text; Chromium makes it itself.
async function take(page, name) {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 80 });
  const picture = Buffer.from(data, 'base64');
  writeFileSync(join(PICTURES, `${name}.webp`), picture);
  console.log(`${name}.webp ${(picture.length / 1024).toFixed(0)} KiB`);
}

// Where apps come from, as the proxy says.
const from = (direct, address, agent) => ({ via: direct, headers: { 'x-forwarded-for': address, 'user-agent': agent } });

// What an app does before it asks: it is refused, and reads where to go.
async function discover({ via, headers }, path) {
  for (const place of [path, `/.well-known/oauth-protected-resource${path}`, '/.well-known/oauth-authorization-server']) await fetch(via + place, { headers });
}

export async function takePictures(launch) {
  const [upstream, claude, laptop] = [await openUpstream(), await openCallback(selfSigned('claude.ai')), await openCallback()];
  const doorward = await startDoorward('pictures', { configuration: home(upstream.url) });
  for (const [user, ...more] of [['ann', '--owner'], ['sam']]) await doorward.addUser(user, ...more);
  const proxy = await openProxy(doorward.origin);
  const chromium = await launch(`MAP mcp.example.com 127.0.0.1:${proxy.port}, MAP claude.ai 127.0.0.1:${claude.port}`);
  const look = (scheme, width, height) => openBrowser(chromium, { scheme, width, script: true }, { viewport: { width, height } });

  const [hosted, desktop] = [from(doorward.origin, '160.79.104.10', 'Claude-User'), from(doorward.origin, '192.168.1.20', 'node')];
  const registered = async (name, uri, path, way) => {
    await discover(way, path);
    return App.register(PUBLIC, uri, name, {}, way);
  };
  const connect = async (page, name, place, uri, path, way) => (await letIn(page, await registered(name, uri, path, way), place, path)).call();

  const { page: sams } = await look('light', 1024, 700);
  await sams.goto(`${PUBLIC}/`);
  await signIn(sams, 'sam');
  await connect(sams, 'Claude', claude, CLAUDE, '/notes', hosted);
  const { page } = await look('light', 1024, 700);
  await page.goto(`${PUBLIC}/`);
  await signIn(page);
  await connect(page, 'Claude', claude, CLAUDE, '/home', hosted);
  await connect(page, 'Visual Studio Code', laptop, laptop.uri, '/notes', desktop);
  await page.goto(`${PUBLIC}/`);
  await take(page, 'overview');

  const phone = await look('light', 360, 960);
  const asking = await registered('Claude', CLAUDE, '/notes', hosted);
  await phone.page.goto(asking.authorizeUrl(random(), '/notes', { scope: 'notes:read notes:write' }));
  await signIn(phone.page);
  await take(phone.page, 'consent');

  const stuck = await registered('Codex', laptop.uri, '/notes', desktop);
  const state = random();
  const dark = await look('dark', 1024, 780);
  await dark.page.goto(stuck.authorizeUrl(state, '/notes'));
  await signIn(dark.page);
  await press(dark.page, '[value=approve]');
  stuck.verifier = random();
  await stuck.redeem(laptop.arrived(state).get('code'));
  await dark.page.goto(`${PUBLIC}/trace`);
  await take(dark.page, 'trace');

  await chromium.close();
  for (const one of [upstream, claude, laptop, proxy]) one.close();
  await doorward.stop();
}
