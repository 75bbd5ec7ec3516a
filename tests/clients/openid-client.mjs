// openid-client: one object that holds the server and the client.
import { createRequire } from 'node:module';
import * as openid from 'openid-client';
import { refusal, run } from './oauth.mjs';

const { version } = createRequire(import.meta.url)('openid-client/package.json');
const issuer = new URL(process.env.ISSUER);
const METHODS = { none: openid.None, client_secret_basic: openid.ClientSecretBasic, client_secret_post: openid.ClientSecretPost };
// doorward speaks plain HTTP here; and the signature of an ID token is checked, although it came straight from us.
const options = { execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks] };

/** The object for a client that was registered by another. */
async function configuration({ client_id, client_secret, token_endpoint_auth_method }) {
  const auth = METHODS[token_endpoint_auth_method](client_secret);
  return openid.discovery(issuer, client_id, { client_secret, token_endpoint_auth_method }, auth, { ...options, algorithm: 'oidc' });
}

const read = (tokens) => ({ tokens, claims: tokens.claims() });

await run({
  name: `openid-client ${version}`,
  async discover(algorithm) {
    const config = await openid.discovery(issuer, 'nobody', undefined, openid.None(), { ...options, algorithm });
    return config.serverMetadata();
  },
  async register(metadata) {
    const config = await openid.dynamicClientRegistration(issuer, metadata, undefined, options);
    return config.clientMetadata();
  },
  secrets: async () => ({ verifier: openid.randomPKCECodeVerifier(), state: openid.randomState(), nonce: openid.randomNonce() }),
  async authorizationUrl(client, parameters, { verifier, state, nonce }) {
    const challenge = await openid.calculatePKCECodeChallenge(verifier);
    const asked = { code_challenge: challenge, code_challenge_method: 'S256', state, nonce, ...parameters };
    return openid.buildAuthorizationUrl(await configuration(client), asked);
  },
  async redeem(client, callback, { verifier, state, nonce }) {
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true, maxAge: 3600 };
    return read(await openid.authorizationCodeGrant(await configuration(client), callback, checks));
  },
  userinfo: async (client, token, subject) => openid.fetchUserInfo(await configuration(client), token, subject),
  refresh: async (client, token, parameters) => read(await openid.refreshTokenGrant(await configuration(client), token, parameters)),
  revoke: async (client, token) => openid.tokenRevocation(await configuration(client), token),
  introspect: async (client, token) => openid.tokenIntrospection(await configuration(client), token),
  beginDevice: async (client, parameters) => openid.initiateDeviceAuthorization(await configuration(client), parameters),
  awaitDevice: async (client, begun) => read(await openid.pollDeviceAuthorizationGrant(await configuration(client), begun)),
  call: async (client, token, url, headers, body) => openid.fetchProtectedResource(await configuration(client), token, url, 'POST', body, headers),
  refusal,
});
