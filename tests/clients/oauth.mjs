// What both general OAuth libraries do, which know nothing of MCP: every endpoint, and every answer read by the
// library with all the checks that it has. oauth4webapi.mjs and openid-client.mjs say how their library spells it.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Browser } from './browser.mjs';
import { runAll } from './checks.mjs';

const { ISSUER: issuer, SIGN_IN_NAME: username, SIGN_IN_PASSWORD: password } = process.env;
const CALLBACK = 'http://127.0.0.1:33418/callback';
const OTHER_CALLBACK = 'https://app.example.com/callback?tenant=1';
const SCOPE = 'mcp openid profile email offline_access';
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const resource = `${issuer}/fastmcp`;

const person = { username, password };
const metadata = (name, method) => ({
  client_name: name,
  redirect_uris: [CALLBACK, OTHER_CALLBACK],
  grant_types: ['authorization_code', 'refresh_token', DEVICE_GRANT],
  response_types: ['code'],
  token_endpoint_auth_method: method,
});

/** What both libraries throw when they are refused: the error of a JSON answer or of a redirect, or the challenges of a 401. */
export async function refusal({ error, cause, response }) {
  const challenge = Array.isArray(cause) ? cause[0] : undefined;
  // A failed Basic is challenged with Basic, which has no room for a code.
  return { code: error ?? challenge?.parameters.error ?? (challenge && (await response.json()).error), challenge };
}

/** The refusal with which the library rejects, which must be the expected one. */
async function refused(library, promise, expected) {
  const error = await promise.then(
    (value) => assert.fail(`no ${expected} but ${JSON.stringify(value)}`),
    (error) => error,
  );
  const found = await library.refusal(error);
  assert.equal(found.code, expected, error.stack);
  return found;
}

/** A message to the server behind. */
async function called(library, client, token) {
  const headers = new Headers({ 'content-type': 'application/json', accept: 'application/json, text/event-stream' });
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: library.name, version: '1' } };
  const message = { jsonrpc: '2.0', id: 1, method: 'initialize', params };
  const response = await library.call(client, token, new URL(resource), headers, JSON.stringify(message));
  assert.equal(response.status, 200);
  await response.text();
}

/** The ID token's claims, signature and all else having been checked by the library. */
function identity(claims, client) {
  assert.equal(claims.iss, issuer);
  assert.equal(claims.aud, client.client_id);
  assert.equal(claims.preferred_username, username);
  assert.equal(claims.email, username);
  assert.match(claims.sub, /^user_/);
}

async function grant(library, browser, method, check) {
  let client;
  await check('reads both documents and the one of the server', async () => {
    const [oauth, oidc] = [await library.discover('oauth2'), await library.discover('oidc')];
    assert.equal(oauth.issuer, issuer);
    for (const name of ['authorization_endpoint', 'token_endpoint', 'registration_endpoint', 'revocation_endpoint', 'introspection_endpoint', 'device_authorization_endpoint']) {
      assert.equal(new URL(oauth[name]).origin, issuer, name);
      assert.equal(oauth[name], oidc[name], name);
    }
    for (const name of ['jwks_uri', 'userinfo_endpoint']) assert.equal(new URL(oidc[name]).origin, issuer, name);
    await library.discoverResource?.(new URL(resource), issuer);
  });

  await check('registers', async () => {
    client = await library.register(metadata(`${library.name} ${method}`, method));
    assert.equal(client.token_endpoint_auth_method, method);
    assert.equal(typeof client.client_secret, method === 'none' ? 'undefined' : 'string');
    await refused(library, library.register({ redirect_uris: ['javascript:alert(1)'] }), 'invalid_redirect_uri');
  });

  // Each step as far as the callback, with what the library made up for it.
  const ask = async ({ redirect_uri: redirectUri = CALLBACK, ...changes } = {}, decision = 'approve') => {
    const secrets = await library.secrets();
    const url = await library.authorizationUrl(client, { redirect_uri: redirectUri, scope: SCOPE, resource, ...changes }, secrets);
    const { callback } = await browser.authorize(url, { ...person, decision });
    return { callback, redirectUri, ...secrets };
  };

  let tokens, claims;
  await check('exchanges the code and checks the ID token', async () => {
    const { callback, ...secrets } = await ask();
    ({ tokens, claims } = await library.redeem(client, callback, secrets));
    assert.deepEqual([tokens.expires_in, tokens.scope], [3600, SCOPE]);
    identity(claims, client);
    assert.equal(claims.nonce, secrets.nonce);
  });

  // openid-client cuts the query off the address that it repeats, and RFC 6749 §4.1.3 wants it identical.
  if (library.keepsQuery) await check('another redirect URI, with a query of its own', async () => {
    const { callback, ...secrets } = await ask({ redirect_uri: OTHER_CALLBACK });
    assert.equal(callback.searchParams.get('tenant'), '1');
    const other = await library.redeem(client, callback, secrets);
    assert.ok(other.tokens.access_token);
  });

  await check('learns who it is at userinfo', async () => {
    const told = await library.userinfo(client, tokens.access_token, claims.sub);
    assert.deepEqual(told, { sub: claims.sub, name: username, preferred_username: username, email: username, email_verified: false });
  });

  await check('calls the server', () => called(library, client, tokens.access_token));

  await check('introspects what it holds', async () => {
    for (const token of [tokens.access_token, tokens.refresh_token]) {
      const told = await library.introspect(client, token);
      assert.deepEqual([told.active, told.client_id, told.sub, told.iss], [true, client.client_id, claims.sub, issuer]);
      assert.deepEqual(told.scope.split(' ').sort(), SCOPE.split(' ').sort());
    }
    assert.deepEqual(await library.introspect(client, 'dwat_never_issued'), { active: false });
  });

  await check('refreshes, and the refresh token is another', async () => {
    const before = tokens;
    ({ tokens, claims } = await library.refresh(client, before.refresh_token, { resource }));
    assert.notEqual(tokens.refresh_token, before.refresh_token);
    assert.notEqual(tokens.access_token, before.access_token);
    identity(claims, client);
    await called(library, client, tokens.access_token);
    await refused(library, library.refresh(client, `${tokens.refresh_token}x`), 'invalid_grant');
  });

  await check('revokes, and everything is over', async () => {
    await library.revoke(client, tokens.refresh_token);
    await library.revoke(client, 'never_issued');
    assert.equal((await library.introspect(client, tokens.access_token)).active, false);
    await refused(library, library.refresh(client, tokens.refresh_token), 'invalid_grant');
    await refused(library, library.userinfo(client, tokens.access_token, claims.sub), 'invalid_token');
    const { challenge } = await refused(library, called(library, client, tokens.access_token), 'invalid_token');
    assert.equal(challenge.parameters.resource_metadata, `${issuer}/.well-known/oauth-protected-resource/fastmcp`);
  });

  await check('a denial, a wrong verifier, a foreign resource and a wrong secret are each told by their code', async () => {
    const denied = await ask({}, 'deny');
    await refused(library, library.redeem(client, denied.callback, denied), 'access_denied');
    const guessed = await ask();
    await refused(library, library.redeem(client, guessed.callback, { ...guessed, verifier: (await library.secrets()).verifier }), 'invalid_grant');
    const foreign = await ask({ resource: 'https://example.com/mcp' });
    await refused(library, library.redeem(client, foreign.callback, foreign), 'invalid_target');
    const stranger = method === 'none' ? { ...client, client_id: 'client_unknown' } : { ...client, client_secret: `${client.client_secret}x` };
    await refused(library, library.refresh(stranger, 'whatever'), 'invalid_client');
  });
}

/** RFC 8628: the library asks at the pace it is told. */
async function devices(library, browser, check) {
  const client = await library.register(metadata(`${library.name} on a television`, 'none'));
  await check('two devices wait, one is let in and the other is not', async () => {
    const walk = async (decision) => {
      const begun = await library.beginDevice(client, { scope: SCOPE, resource });
      const answer = library.awaitDevice(client, begun);
      answer.catch(() => {});
      // The first question comes before the answer is there: five seconds after the start.
      if (decision === 'approve') await sleep(begun.interval * 1000 + 500);
      await browser.device(begun.verification_uri, begun.user_code, { ...person, decision });
      return answer;
    };
    const [{ tokens, claims }] = await Promise.all([walk('approve'), refused(library, walk('deny'), 'access_denied')]);
    identity(claims, client);
    await called(library, client, tokens.access_token);
  });
}

/** Runs everything for one library and ends the process. */
export async function run(library) {
  const browser = new Browser(issuer);
  const grants = ['none', 'client_secret_basic', 'client_secret_post'].map((method) => ({
    title: `${library.name} · ${method}`,
    body: (check) => grant(library, browser, method, check),
  }));
  await runAll(library.name, [...grants, { title: `${library.name} · device`, body: (check) => devices(library, browser, check) }]);
}
