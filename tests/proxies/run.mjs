// doorward behind nginx and Caddy, with the very files of packaging/proxies: a proxy in front of all of it, and a
// proxy that asks /auth/check. In these files the names, addresses and certificates of the reader's machine are
// replaced by those of the test, and nothing else.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Browser } from '../clients/browser.mjs';
import { runAll, within } from '../clients/checks.mjs';

const clients = createRequire(new URL('../clients/package.json', import.meta.url));
const { Client } = clients('@modelcontextprotocol/sdk/client/index.js');
const { StreamableHTTPClientTransport } = clients('@modelcontextprotocol/sdk/client/streamableHttp.js');
const { UnauthorizedError } = clients('@modelcontextprotocol/sdk/client/auth.js');
const { LoggingMessageNotificationSchema } = clients('@modelcontextprotocol/sdk/types.js');

const ORIGIN = 'https://mcp.example.com';
const CALLBACK = 'http://127.0.0.1:33418/callback';
const person = { username: 'alice', password: 'correct horse battery staple' };
const work = mkdtempSync(join(tmpdir(), 'doorward-proxies-'));

// ---- processes ----------------------------------------------------------------------------------

const children = [];
process.on('exit', (code) => {
  for (const child of children) child.kill('SIGKILL');
  if (code !== 0 && process.env.VERBOSE) for (const { log } of children) console.error(readFileSync(log, 'utf8'));
  rmSync(work, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

function start(name, command, words, environment = {}) {
  const log = join(work, `${children.length}-${name}.log`);
  const output = openSync(log, 'a');
  const child = spawn(command, words, { stdio: ['ignore', output, output], env: { PATH: process.env.PATH, HOME: work, ...environment } });
  children.push(Object.assign(child, { log }));
  return child;
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** Until something listens there. */
async function listening(port, child) {
  for (let i = 0; i < 200; i += 1) {
    const open = await new Promise((resolve) => {
      const request = http.request({ host: '127.0.0.1', port, method: 'OPTIONS' }, (answer) => answer.resume() && resolve(true));
      request.on('error', (error) => resolve(error.code !== 'ECONNREFUSED')).end();
    });
    if (open) return;
    if (child.exitCode !== null) break;
    await sleep(50);
  }
  throw new Error(`${child.spawnfile} does not listen: ${readFileSync(child.log, 'utf8')}`);
}

const [privateKey, certificate] = [join(work, 'key.pem'), join(work, 'cert.pem')];
const subject = ['-subj', '/CN=mcp.example.com', '-addext', 'subjectAltName=DNS:mcp.example.com', '-addext', 'basicConstraints=critical,CA:false'];
execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30', '-keyout', privateKey, '-out', certificate, ...subject], { stdio: 'ignore' });
const ca = readFileSync(certificate);

/** A doorward with an owner; gives its port. */
async function doorward(name, words, config) {
  const [data, port] = [join(work, name), await freePort()];
  mkdirSync(data, { mode: 0o700 });
  if (config) writeFileSync(join(data, 'doorward.toml'), config);
  const child = start(name, process.env.DOORWARD_BIN, ['serve', '--listen', `127.0.0.1:${port}`, '--data', data, '--public-url', ORIGIN, ...words]);
  await listening(port, child);
  execFileSync(process.env.DOORWARD_BIN, ['user', 'add', person.username, '--password-stdin', '--owner', '--data', data], { input: `${person.password}\n` });
  return port;
}

/** From where the newest registration came, in the words of the log. */
function registeredFrom(name) {
  const words = ['log', '--json', '--last', '1', '--kind', 'client_registered', '--data', join(work, name)];
  return JSON.parse(execFileSync(process.env.DOORWARD_BIN, words, { encoding: 'utf8' })).from;
}

/** A new API key for a server. */
function key(path) {
  const words = ['key', 'add', `for ${path}`, '--server', path, '--json', '--data', join(work, 'trusting')];
  return JSON.parse(execFileSync(process.env.DOORWARD_BIN, words, { encoding: 'utf8' })).key;
}

/** A file of packaging/proxies in which each of `changes` was there to be replaced. */
function recipe(name, changes) {
  const text = readFileSync(new URL(`../../packaging/proxies/${name}`, import.meta.url), 'utf8');
  return Object.entries(changes).reduce((done, [from, to]) => {
    assert.ok(done.includes(from), `${name} does not say ${from}`);
    return done.replaceAll(from, to);
  }, text);
}

/** Each proxy with one of its recipes, in front of a doorward and, where the recipe has one, of a server; gives its port. */
const PROXIES = {
  async nginx(file, backends) {
    const [port, folder] = [await freePort(), mkdtempSync(join(work, 'nginx-'))];
    const pem = '/etc/letsencrypt/live/mcp.example.com';
    const changes = { 'listen 443 ssl': `listen 127.0.0.1:${port} ssl`, [`${pem}/fullchain.pem`]: certificate, [`${pem}/privkey.pem`]: privateKey, ...backends };
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ');
    const around = `daemon off; master_process off; pid ${folder}/pid; error_log stderr; events {}\nhttp { access_log off; ${paths}\n`;
    writeFileSync(join(folder, 'nginx.conf'), `${around}${recipe(file, changes)}}\n`);
    await listening(port, start('nginx', process.env.NGINX, ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')]));
    return port;
  },
  async caddy(file, backends) {
    const [port, folder] = [await freePort(), mkdtempSync(join(work, 'caddy-'))];
    const site = `https://mcp.example.com:${port} {\n\tbind 127.0.0.1\n\ttls ${certificate} ${privateKey}\n`;
    const text = recipe(file, { '\nmcp.example.com {\n': `\n${site}`, ...backends });
    writeFileSync(join(folder, 'Caddyfile'), `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${text}`);
    const words = ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')];
    await listening(port, start('caddy', process.env.CADDY, words, { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }));
    return port;
  },
};

// ---- a client that reaches mcp.example.com at the proxy ------------------------------------------

// From another address than the proxies' own, which doorward trusts.
const ADDRESS = '127.0.0.2';
const through = (port) => ({ hostname: '127.0.0.1', port, localAddress: ADDRESS, servername: 'mcp.example.com', ca, agent: false });

/** `fetch` by way of a proxy. The path goes out as it is written. */
function fetchThrough(port) {
  return (input, { method = 'GET', headers, body, signal } = {}) =>
    new Promise((resolve, reject) => {
      const text = String(input);
      const path = text.startsWith(ORIGIN) ? text.slice(ORIGIN.length) || '/' : new URL(text).pathname;
      const content = body === undefined || body === null ? undefined : String(body);
      const form = body instanceof URLSearchParams ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
      const length = content === undefined ? {} : { 'content-length': Buffer.byteLength(content) };
      const all = { host: 'mcp.example.com', ...form, ...length, ...Object.fromEntries(new Headers(headers)) };
      const request = https.request({ ...through(port), path, method, headers: all, signal }, (answer) => {
        const fields = new Headers();
        for (let i = 0; i < answer.rawHeaders.length; i += 2) fields.append(answer.rawHeaders[i], answer.rawHeaders[i + 1]);
        const empty = [204, 304].includes(answer.statusCode);
        resolve(new Response(empty ? null : Readable.toWeb(answer), { status: answer.statusCode, headers: fields }));
      });
      request.on('error', reject);
      request.end(content);
    });
}

/** What the SDK keeps for one server. */
class Provider {
  redirectUrl = CALLBACK;
  clientMetadata = { client_name: 'Behind a proxy', redirect_uris: [CALLBACK], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], token_endpoint_auth_method: 'none' };

  state() { return 'a-state'; }
  clientInformation() { return this.client; }
  saveClientInformation(client) { this.client = client; }
  tokens() { return this.held; }
  saveTokens(tokens) { this.held = tokens; }
  redirectToAuthorization(url) { this.asked = url; }
  saveCodeVerifier(verifier) { this.verifier = verifier; }
  codeVerifier() { return this.verifier; }
}

/** From nothing to tokens for the server at `path`, by the SDK and a browser, both by way of the proxy. */
async function signIn(port, path) {
  const provider = new Provider();
  const open = () => new StreamableHTTPClientTransport(new URL(`${ORIGIN}${path}`), { authProvider: provider, fetch: fetchThrough(port) });
  const transport = open();
  await assert.rejects(new Client({ name: 'proxies', version: '1' }).connect(transport), UnauthorizedError);
  const { parameters } = await new Browser(ORIGIN, through(port)).authorize(provider.asked, person);
  assert.equal(parameters.get('iss'), ORIGIN);
  await transport.finishAuth(parameters.get('code'));
  return { token: provider.held.access_token, client: provider.client.client_id, open };
}

/** What the doctor says about that doorward behind a proxy, by check. */
function doctor(name, port) {
  const words = ['doctor', '--json', '--data', join(work, name), '--address', `127.0.0.1:${port}`, '--ca-file', certificate];
  const { stdout, stderr } = spawnSync(process.env.DOORWARD_BIN, words, { encoding: 'utf8' });
  assert.ok(stdout, stderr);
  return Object.fromEntries(JSON.parse(stdout).map((check) => [check.id, check]));
}

// ---- a proxy in front of all of doorward ----------------------------------------------------------

async function inFront(proxy, file, { whole, suspicious }, check) {
  const port = await PROXIES[proxy](file, { '127.0.0.1:8787': `127.0.0.1:${whole}` });
  const fetch = fetchThrough(port);

  await check('every document says the public address, whatever the proxy is called', async () => {
    for (const path of ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration', '/mcp/.well-known/openid-configuration']) {
      assert.equal((await (await fetch(`${ORIGIN}${path}`)).json()).issuer, ORIGIN, path);
    }
    const named = await fetch(`${ORIGIN}/.well-known/oauth-protected-resource/mcp`, { headers: { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'http' } });
    assert.equal((await named.json()).resource, `${ORIGIN}/mcp`);
  });

  await check('the doctor finds nothing to mend', async () => {
    const checks = doctor('whole', port);
    const unusual = Object.values(checks).filter(({ state }) => ['warning', 'failure'].includes(state));
    assert.deepEqual(unusual, []);
    for (const id of ['identity', 'challenge /mcp', 'endpoint /token', 'agents', 'stream /mcp', 'proxy']) assert.equal(checks[id].state, 'ok', id);
  });

  await check('a challenge arrives as it left', async () => {
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
      const answer = await fetch(`${ORIGIN}/mcp`, { method });
      assert.equal(answer.status, 401, method);
      assert.match(answer.headers.get('www-authenticate'), /^Bearer resource_metadata="https:\/\/mcp\.example\.com\/\.well-known\/oauth-protected-resource\/mcp", scope="mcp"$/);
    }
  });

  await check('refusals arrive although the request is large, and stay JSON', async () => {
    const body = 'x'.repeat(2 * 1024 * 1024);
    for (const [path, status] of [['/mcp', 401], ['/register', 413]]) {
      const headers = { 'content-type': 'application/json', authorization: 'Bearer dwat_x' };
      const answer = await fetch(`${ORIGIN}${path}`, { method: 'POST', headers, body });
      assert.deepEqual([answer.status, answer.headers.get('content-type')], [status, 'application/json']);
    }
  });

  const claims = { 'x-forwarded-for': '203.0.113.9', 'x-real-ip': '203.0.113.9', forwarded: 'for=203.0.113.9' };
  const register = (port) => {
    const body = JSON.stringify({ client_name: `From ${port}`, redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none' });
    return fetchThrough(port)(`${ORIGIN}/register`, { method: 'POST', headers: { 'content-type': 'application/json', ...claims }, body });
  };
  await check('the log knows from where a client came, whatever it claims', async () => {
    assert.equal((await register(port)).status, 201);
    assert.equal(registeredFrom('whole'), ADDRESS);
    const other = await PROXIES[proxy](file, { '127.0.0.1:8787': `127.0.0.1:${suspicious}` });
    assert.equal((await register(other)).status, 201);
    assert.equal(registeredFrom('suspicious'), '127.0.0.1', 'a proxy that is not trusted is all there is');
  });

  let session;
  await check('a person signs in and approves, with cookies for https', async () => {
    session = await signIn(port, '/mcp');
  });

  await check('a whole MCP session: events arrive when they happen', async () => {
    const client = new Client({ name: 'proxies', version: '1' });
    const transport = session.open();
    await client.connect(transport);
    const started = Date.now();
    const arrivals = [];
    const slow = { name: 'trigger-long-running-operation', arguments: { steps: 4, duration: 2 } };
    await client.callTool(slow, undefined, { timeout: 10_000, onprogress: ({ progress }) => arrivals.push([progress, Date.now() - started]) });
    const ended = Date.now() - started;
    assert.deepEqual(arrivals.map(([progress]) => progress), [1, 2, 3, 4]);
    assert.ok(ended >= 1900 && arrivals[0][1] < 1200, `the first of 4 events comes after ${arrivals[0][1]} ms of ${ended}`);

    const said = new Promise((resolve) => client.setNotificationHandler(LoggingMessageNotificationSchema, resolve));
    await client.callTool({ name: 'toggle-simulated-logging', arguments: {} });
    assert.ok((await within(said, 8, 'a notification on the GET stream')).params.data);
    await transport.terminateSession();
    await client.close();
  });

  await check('the head of a stream comes at once, although nothing happens on it', async () => {
    const fields = { authorization: `Bearer ${session.token}`, accept: 'application/json, text/event-stream' };
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'proxies', version: '1' } };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
    const begun = await fetch(`${ORIGIN}/mcp`, { method: 'POST', headers: { ...fields, 'content-type': 'application/json' }, body });
    const headers = { ...fields, accept: 'text/event-stream', 'mcp-session-id': begun.headers.get('mcp-session-id') };
    const answer = await within(fetch(`${ORIGIN}/mcp`, { headers }), 5, 'the head of the stream');
    assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'text/event-stream']);
    await answer.body.cancel();
  });
}

/** What the doctor knows of real proxies that are not as they should be. */
async function misled({ whole }, check) {
  const front = { '127.0.0.1:8787': `127.0.0.1:${whole}` };
  const nobody = await freePort();
  const saying = async (proxy, file, changes) => doctor('whole', await PROXIES[proxy](file, changes));

  await check('nginx that holds events back is noticed', async () => {
    const held = { 'proxy_buffering off;': 'proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;' };
    const checks = await saying('nginx', 'nginx.conf', { ...front, ...held });
    assert.deepEqual([checks['stream /mcp'].state, checks['stream /mcp'].product, checks['challenge /mcp'].state], ['failure', 'nginx', 'ok']);
  });

  await check('nginx and Caddy that reach no doorward are named', async () => {
    for (const [proxy, file, product] of [['nginx', 'nginx.conf', 'nginx'], ['caddy', 'Caddyfile', 'Caddy']]) {
      const { identity } = await saying(proxy, file, { '127.0.0.1:8787': `127.0.0.1:${nobody}` });
      assert.deepEqual([identity.state, identity.product], ['failure', product], identity.sentence);
      assert.match(identity.sentence, /which reaches no doorward/);
    }
  });

  await check('nginx that answers itself, and Caddy with nothing for the path, are named', async () => {
    const itself = await saying('nginx', 'nginx.conf', { [`proxy_pass http://127.0.0.1:8787;`]: 'return 404;' });
    assert.match(itself.identity.sentence, /is answered by nginx itself with status 404/);
    const empty = await saying('caddy', 'Caddyfile', { 'reverse_proxy 127.0.0.1:8787': 'reverse_proxy /elsewhere/* 127.0.0.1:8787' });
    assert.match(empty.identity.sentence, /nothing in its Caddyfile is for this path/);
  });
}

// ---- a proxy that asks ----------------------------------------------------------------------------

/** A server that says what it was sent. */
const echo = http.createServer((request, answer) => {
  request.resume().on('end', () => answer.setHeader('content-type', 'application/json').end(JSON.stringify({ path: request.url, fields: request.headers })));
});

async function asks(proxy, file, { trusting, suspicious, server }, check) {
  const backends = (port) => ({ '127.0.0.1:8787': `127.0.0.1:${port}`, '127.0.0.1:8000': `127.0.0.1:${server}` });
  const port = await PROXIES[proxy](file, backends(trusting));
  const fetch = fetchThrough(port);
  const ask = async (path, token, headers = {}) => {
    const answer = await fetch(`${ORIGIN}${path}`, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers } });
    const text = await answer.text();
    return { status: answer.status, challenge: answer.headers.get('www-authenticate'), wait: answer.headers.get('retry-after'), seen: answer.status === 200 ? JSON.parse(text) : text };
  };
  const challenge = (more) => `Bearer resource_metadata="${ORIGIN}/.well-known/oauth-protected-resource/notes", scope="mcp"${more}`;

  await check('without a token, or with a wrong one, the challenge comes through', async () => {
    assert.deepEqual(await ask('/notes').then(({ status, challenge }) => [status, challenge]), [401, challenge('')]);
    for (const wrong of ['dwat_x', 'x', 'a.b.c']) {
      const refused = await ask('/notes', wrong);
      assert.equal(refused.status, 401, wrong);
      assert.ok(refused.challenge.startsWith(challenge(', error="invalid_token"')), refused.challenge);
    }
    const malformed = await ask('/notes', undefined, { authorization: 'Bearer two words' });
    assert.deepEqual([malformed.status, malformed.challenge.startsWith(challenge(', error="invalid_request"'))], [401, true]);
  });

  const [notes, files] = [await signIn(port, '/notes'), await signIn(port, '/files')];
  await check('the server behind learns who was let in, and nothing else', async () => {
    const { status, seen } = await ask('/notes', notes.token);
    assert.equal(status, 200);
    assert.equal(seen.path, '/mcp');
    const told = ['x-doorward-user', 'x-doorward-client', 'x-doorward-scope'].map((name) => seen.fields[name]);
    assert.deepEqual(told, ['alice', notes.client, 'mcp']);
    assert.ok(!JSON.stringify(seen).includes(notes.token), 'the token went on');
    assert.equal((await ask('/notes/deeper?a=b', notes.token)).seen.path, '/mcp/deeper?a=b');
  });

  await check('what the client says about itself never arrives', async () => {
    const forged = { 'x-doorward-user': 'root', 'x-doorward-client': 'root', 'x-doorward-scope': 'root', x_doorward_user: 'root', 'x.doorward.user': 'root', 'x-doorward_user': 'root' };
    const { status, seen } = await ask('/notes', notes.token, forged);
    assert.equal(status, 200);
    assert.ok(!JSON.stringify(seen).includes('root'), JSON.stringify(seen.fields));
    assert.equal((await ask('/notes', undefined, forged)).status, 401);
  });

  await check('an API key opens its own server: 200, 403 at any other', async () => {
    assert.deepEqual(await ask('/notes', key('/notes')).then(({ status, seen }) => [status, seen.fields['x-doorward-user']]), [200, 'alice']);
    assert.equal((await ask('/notes', key('/files'))).status, 403);
  });

  await check('a token opens its own server, however the path is written', async () => {
    assert.equal((await ask('/notes', files.token)).status, 401);
    for (const path of ['/notes/../files', '/files/../notes', '/notes/..%2ffiles', '/%6eotes', '//notes', '/notes//x', '/notes;x', '/notes/./x', '/NOTES', '/notesx', '/notes%00']) {
      const answer = await ask(path, files.token);
      assert.notEqual(answer.status, 200, path);
      assert.ok(!answer.seen.fields, path);
    }
  });

  await check('a paused server is 403 or 503, as its owner chose, until it goes on', async () => {
    const pause = (...words) => execFileSync(process.env.DOORWARD_BIN, ['server', ...words, '/notes', '--data', join(work, 'trusting')]);
    pause('pause');
    assert.equal((await ask('/notes', notes.token)).status, 403);
    pause('pause', '--retry-later');
    const later = await ask('/notes', notes.token);
    assert.equal(later.status, 503);
    assert.ok(Number(later.wait) >= 1, `Retry-After: ${later.wait}`);
    pause('resume');
    assert.equal((await ask('/notes', notes.token)).status, 200);
  });

  await check('what the client says about the path does not count', async () => {
    for (const name of ['x-forwarded-uri', 'x-original-uri', 'x-original-url', 'x-forwarded-prefix']) {
      const { status } = await ask('/notes', files.token, { [name]: '/files' });
      assert.ok([401, 403].includes(status), `${name}: ${status}`);
      assert.equal((await ask('/notes', notes.token, { [name]: '/files' })).status, 200, name);
    }
  });

  await check('a doorward that does not trust the proxy believes none of it: 403', async () => {
    const other = await PROXIES[proxy](file, backends(suspicious));
    const answer = await fetchThrough(other)(`${ORIGIN}/notes`, { headers: { authorization: `Bearer ${notes.token}` } });
    assert.equal(answer.status, 403);
    assert.equal((await fetchThrough(other)(`${ORIGIN}/.well-known/oauth-protected-resource/notes`)).status, 200, 'all else works');
  });

  await check('the doctor finds nothing to mend but the servers that are not there', async () => {
    // Events go to the upstream without passing doorward, so nothing is said about them.
    const checks = doctor('trusting', port);
    for (const id of ['identity', 'challenge /notes', 'document /notes/.well-known/oauth-protected-resource', 'agents']) assert.equal(checks[id].state, 'ok', id);
    assert.equal(checks['stream /notes'].state, 'note');
  });

  await check('metadata below the server is for everybody', async () => {
    assert.equal((await (await fetch(`${ORIGIN}/notes/.well-known/oauth-protected-resource`)).json()).resource, `${ORIGIN}/notes`);
  });

  await check('a token that calls too often is told to wait, and nothing is said about the token', async () => {
    const busy = await signIn(port, '/notes');
    let answer;
    for (let calls = 0; calls < 150 && answer?.status !== 429; calls++) answer = await ask('/notes', busy.token);
    assert.deepEqual([answer.status, answer.challenge], [429, null]);
    assert.match(answer.wait, /^[1-9]\d*$/);
    assert.equal((await ask('/notes', notes.token)).status, 200, 'others are not held up');
  });
}

// ---- all of it ------------------------------------------------------------------------------------

const everything = await freePort();
const program = fileURLToPath(new URL('../clients/node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url));
const behind = start('everything', process.execPath, [program, 'streamableHttp'], { PORT: String(everything) });
await new Promise((resolve) => echo.listen(0, '127.0.0.1', resolve));
echo.unref();
const server = echo.address().port;
const config = ['/notes', '/files'].map((path) => `[[server]]\npath = "${path}"\nupstream = "http://127.0.0.1:1/mcp"\n`).join('\n');
const [whole, trusting, suspicious] = await Promise.all([
  doorward('whole', ['--trusted-proxy', '127.0.0.1', '--upstream', `http://127.0.0.1:${everything}/mcp`]),
  doorward('trusting', ['--trusted-proxy', '127.0.0.1'], config),
  doorward('suspicious', ['--trusted-proxy', '192.0.2.1'], config),
  listening(everything, behind),
]);

const ports = { whole, trusting, suspicious, server };
await runAll('proxies', [
  { title: 'nginx', body: (check) => inFront('nginx', 'nginx.conf', ports, check) },
  { title: 'Caddy', body: (check) => inFront('caddy', 'Caddyfile', ports, check) },
  { title: 'doctor', body: (check) => misled(ports, check) },
  { title: 'nginx · auth_request', body: (check) => asks('nginx', 'nginx-auth_request.conf', ports, check) },
  { title: 'Caddy · forward_auth', body: (check) => asks('caddy', 'Caddyfile.forward_auth', ports, check) },
]);
