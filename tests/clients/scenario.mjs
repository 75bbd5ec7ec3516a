// What both TypeScript clients do: from the first 401 to the last. ts1.mjs and ts2.mjs say how
// their library spells it. One line is printed for each check; a failed one ends its scenario.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Browser } from './browser.mjs';
import { runAll, within } from './checks.mjs';

const { ISSUER: issuer, DOORWARD_BIN: binary, DATA_DIRECTORY: data, SIGN_IN_NAME: username, SIGN_IN_PASSWORD: password } = process.env;
const lifetime = Number(process.env.ACCESS_SECONDS);
const CALLBACK = 'http://127.0.0.1:33418/callback';
const STEPS = 4;

/** The servers behind doorward, and how each is asked for the same things. */
const SERVERS = {
  everything: {
    name: 'Everything',
    tools: ['echo', 'trigger-long-running-operation'],
    slow: { name: 'trigger-long-running-operation', arguments: { steps: STEPS, duration: 1 } },
  },
  fastmcp: {
    name: 'FastMCP',
    tools: ['echo', 'count', 'seen_headers'],
    slow: { name: 'count', arguments: { steps: STEPS, seconds: 1 } },
  },
};

/** What a host program keeps for one server. */
class Provider {
  redirectUrl = CALLBACK;
  asked = [];

  constructor(clientName, method) {
    this.clientMetadata = {
      client_name: clientName,
      redirect_uris: [CALLBACK],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      ...(method ? { token_endpoint_auth_method: method } : {}),
    };
  }

  state() { return randomUUID(); }
  clientInformation() { return this.client; }
  saveClientInformation(client) { this.client = client; }
  tokens() { return this.held; }
  saveTokens(tokens) {
    this.held = tokens;
    this.savedAt = Date.now();
  }
  redirectToAuthorization(url) { this.asked.push(url); }
  saveCodeVerifier(verifier) { this.verifier = verifier; }
  codeVerifier() { return this.verifier; }
  discoveryState() { return this.discovery; }
  saveDiscoveryState(state) { this.discovery = state; }
  invalidateCredentials(scope) {
    if (scope === 'all' || scope === 'client') this.client = undefined;
    if (scope === 'all' || scope === 'tokens') this.held = undefined;
    if (scope === 'all' || scope === 'discovery') this.discovery = undefined;
  }
}

/** `fetch`, with a note of everything that went over it. */
function recorder() {
  const calls = [];
  const record = async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const call = { method: init.method ?? 'GET', path: url.pathname, form: init.body instanceof URLSearchParams ? init.body : undefined };
    calls.push(call);
    const response = await fetch(input, init);
    call.status = response.status;
    return response;
  };
  return { calls, fetch: record };
}

async function doorward(...words) {
  const { stdout } = await promisify(execFile)(binary, [...words, '--data', data], { timeout: 10_000 });
  return stdout;
}

/** RFC 7009, as the registered client. */
async function revoke(provider) {
  const { client, held, discovery } = provider;
  const body = new URLSearchParams({ token: held.refresh_token, token_type_hint: 'refresh_token' });
  const headers = {};
  if (client.token_endpoint_auth_method === 'client_secret_basic') {
    headers.authorization = `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}`;
  } else {
    body.set('client_id', client.client_id);
    if (client.client_secret) body.set('client_secret', client.client_secret);
  }
  const response = await fetch(discovery.authorizationServerMetadata.revocation_endpoint, { method: 'POST', body, headers });
  assert.equal(response.status, 200, `revocation answers ${response.status}: ${await response.text()}`);
}

/** A call without the library, for the bytes of the refusal. */
async function bare(url, token) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  });
  return { status: response.status, challenge: response.headers.get('www-authenticate') ?? '', body: await response.text() };
}

function refused({ status, challenge }, resource) {
  assert.equal(status, 401);
  assert.match(challenge, /^Bearer /);
  assert.match(challenge, /error="invalid_token"/);
  assert.ok(challenge.includes(`resource_metadata="${issuer}/.well-known/oauth-protected-resource${resource.pathname}"`), challenge);
}

/** What was asked of the token endpoint since then, and how it answered. */
function exchanged(calls, from, expected) {
  const found = calls.slice(from).filter(({ path }) => path === '/token').map(({ form, status }) => `${form.get('grant_type')} ${status}`);
  assert.deepEqual([...new Set(found)], [expected]);
}

async function scenario(library, { server: serverName, method, revokeBy, era, protocol }, check) {
  const server = SERVERS[serverName];
  const resource = new URL(`${issuer}/${serverName}`);
  const clientName = `${library.name} ${randomUUID().slice(0, 8)}`;
  const provider = new Provider(clientName, method);
  const { calls, fetch } = recorder();
  const browser = new Browser(issuer);
  const open = () => ({
    client: library.client({ name: clientName, version: '1.0.0' }, era),
    transport: library.transport(resource, { authProvider: provider, fetch }),
  });
  let { client, transport } = open();

  await check('is asked to sign in', async () => {
    await assert.rejects(within(client.connect(transport), 10, 'connect'), library.UnauthorizedError);
    assert.equal(provider.asked.length, 1);
    const url = provider.asked[0];
    assert.equal(url.origin + url.pathname, `${issuer}/authorize`);
    assert.equal(url.searchParams.get('resource'), resource.href);
    assert.equal(url.searchParams.get('code_challenge_method'), 'S256');
    const guesses = calls.filter(({ path, status }) => path.includes('/.well-known/') && status !== 200);
    assert.deepEqual(guesses, [], 'the first address tried for each document is the right one');
    assert.equal(calls.find(({ path }) => path === '/register').status, 201);
    if (method) assert.equal(provider.client.token_endpoint_auth_method, method);
  });

  let callback;
  await check('its user signs in and approves', async () => {
    const { seen, ...rest } = await browser.authorize(provider.asked[0], { username, password });
    callback = rest;
    assert.deepEqual(seen.map(({ kind }) => kind), ['signin', 'consent']);
    for (const word of [clientName, server.name, username, '127.0.0.1:33418']) assert.ok(seen[1].text.includes(word), `the consent page does not say ${word}: ${seen[1].text}`);
    assert.equal(callback.callback.origin + callback.callback.pathname, CALLBACK);
    assert.deepEqual([...callback.parameters.keys()].sort(), ['code', 'iss', 'state']);
    assert.equal(callback.parameters.get('state'), provider.asked[0].searchParams.get('state'));
    assert.equal(callback.parameters.get('iss'), issuer);
  });

  await check('exchanges the code', async () => {
    await library.finish(transport, callback.parameters);
    assert.equal(provider.held.token_type.toLowerCase(), 'bearer');
    assert.equal(provider.held.expires_in, lifetime);
    assert.ok(provider.held.refresh_token, 'no refresh token');
  });

  await check(`connects (${protocol}) and lists the tools`, async () => {
    ({ client, transport } = open());
    await within(client.connect(transport), 10, 'connect');
    assert.equal(transport.protocolVersion, protocol);
    const names = (await client.listTools()).tools.map(({ name }) => name);
    for (const name of server.tools) assert.ok(names.includes(name), `${name} is not in ${names}`);
  });

  const echo = async (message) => {
    const { content } = await library.call(client, { name: 'echo', arguments: { message } }, { timeout: 10_000 });
    assert.equal(content[0].text, `Echo: ${message}`);
  };
  await check('calls a tool', () => echo('héllo ✓'));

  await check('receives progress while the tool runs', async () => {
    const arrivals = [];
    const started = Date.now();
    await library.call(client, server.slow, { timeout: 10_000, onprogress: ({ progress, total }) => arrivals.push({ progress, total, at: Date.now() - started }) });
    const ended = Date.now() - started;
    assert.deepEqual(arrivals.map(({ progress, total }) => `${progress}/${total}`), Array.from({ length: STEPS }, (_, i) => `${i + 1}/${STEPS}`));
    assert.ok(ended - arrivals[0].at > 500, `the first of ${STEPS} steps arrives after ${arrivals[0].at} ms of ${ended}`);
  });

  if (serverName === 'everything') {
    await check('receives a notification on its own stream', async () => {
      for (let i = 0; !calls.some(({ method, status }) => method === 'GET' && status === 200); i += 1) {
        assert.ok(i < 50, 'the answer to GET has no head after 5 s');
        await sleep(100);
      }
      const said = new Promise((resolve) => library.onLog(client, resolve));
      const toggle = { name: 'toggle-simulated-logging', arguments: {} };
      await library.call(client, toggle, { timeout: 10_000 });
      assert.match((await within(said, 5, 'notifications/message')).params.data, /level[ -]message/i);
      await library.call(client, toggle, { timeout: 10_000 });
    });
  } else {
    await check('the upstream is told who calls and never sees the token', async () => {
      const { structuredContent: headers } = await library.call(client, { name: 'seen_headers', arguments: {} }, { timeout: 10_000 });
      assert.equal(headers['x-doorward-user'], username);
      assert.equal(headers['x-doorward-client'], provider.client.client_id);
      assert.equal(headers['x-doorward-scope'], provider.held.scope);
      assert.equal(headers.authorization, undefined);
      assert.ok(!JSON.stringify(headers).includes(provider.held.access_token.slice(8)), 'the access token is among the headers');
    });
  }

  await check('its token lives as long as it said', async () => {
    const { access_token: token } = provider.held;
    await sleep(Math.max(0, provider.savedAt + lifetime * 1000 - 300 - Date.now()));
    // On a machine that is busy the answer may come after that.
    const { status } = await bare(resource, token);
    assert.ok(status !== 401 || Date.now() > provider.savedAt + lifetime * 1000, 'refused before expires_in is over');
  });

  await check('refreshes an expired token', async () => {
    const before = provider.held;
    const from = calls.length;
    await sleep(Math.max(0, provider.savedAt + lifetime * 1000 + 1500 - Date.now()));
    refused(await bare(resource, before.access_token), resource);
    await echo('after expiry');
    assert.notEqual(provider.held.access_token, before.access_token);
    assert.notEqual(provider.held.refresh_token, before.refresh_token, 'the refresh token was not rotated');
    // The stream that ended with the token may have been there first, or at the same time.
    exchanged(calls, from, 'refresh_token 200');
    assert.equal(provider.asked.length, 1, 'the user was asked again');
  });

  if (serverName === 'fastmcp') {
    await check('a call under way outlives its token', async () => {
      const { content } = await library.call(client, { name: 'count', arguments: { steps: STEPS, seconds: lifetime + 1 } }, { timeout: (lifetime + 5) * 1000, onprogress: () => {} });
      assert.equal(content[0].text, `Counted to ${STEPS}.`);
      await echo('and after it');
    });
  }

  await check(`is refused after revocation (${revokeBy === 'command' ? 'by the owner' : 'by the client'})`, async () => {
    const { access_token: token } = provider.held;
    const from = calls.length;
    assert.equal((await bare(resource, token)).status === 401, false, 'refused before revocation');
    if (revokeBy === 'command') {
      const connections = JSON.parse(await doorward('connection', 'list', '--json'));
      const mine = connections.filter((connection) => JSON.stringify(connection).includes(clientName));
      assert.equal(mine.length, 1, `${mine.length} connections of ${clientName}`);
      await doorward('connection', 'revoke', String(mine[0].id));
    } else {
      await revoke(provider);
    }
    refused(await bare(resource, token), resource);
    await assert.rejects(within(echo('after revocation'), 10, 'the refusal'), library.UnauthorizedError);
    exchanged(calls, from, 'refresh_token 400');
    assert.ok(provider.asked.length > 1, 'the user is not asked again');
    assert.equal(calls.filter(({ path }) => path === '/register').length, 1, 'the client registered again');
  });

  await check('is told when its user denies', async () => {
    const url = provider.asked.at(-1);
    const { seen, parameters } = await browser.authorize(url, { username, password, decision: 'deny' });
    assert.deepEqual(seen.map(({ kind }) => kind), ['consent'], 'the session is still there');
    assert.equal(parameters.get('error'), 'access_denied');
    assert.equal(parameters.get('state'), url.searchParams.get('state'));
    assert.equal(parameters.get('iss'), issuer);
    assert.equal(parameters.get('code'), null);
  });

  await client.close();
}

/** Runs every scenario of one library and ends the process. */
export async function run(library, scenarios) {
  // The library's own remarks ("could not refresh, asking again") are what is being tested.
  console.warn = () => {};
  await runAll(
    library.name,
    scenarios.map((details) => {
      const title = [library.name, details.server, details.era, details.method].filter(Boolean).join(' · ');
      return { title, body: (check) => scenario(library, details, check) };
    }),
  );
}
