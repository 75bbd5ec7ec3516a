// oauth4webapi: requests are built and answers checked one by one, nothing is done behind the scenes.
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import * as oauth from 'oauth4webapi';
import { refusal, run } from './oauth.mjs';

const { version } = createRequire(import.meta.url)('oauth4webapi/package.json');
const issuer = new URL(process.env.ISSUER);
// doorward speaks plain HTTP here; that alone is relaxed.
const plain = { [oauth.allowInsecureRequests]: true };
const METHODS = { none: () => oauth.None(), client_secret_basic: oauth.ClientSecretBasic, client_secret_post: oauth.ClientSecretPost };
const auth = (client) => METHODS[client.token_endpoint_auth_method](client.client_secret);

let server; // the metadata, with the members of OpenID Connect

/** The tokens, and the claims of the ID token once its signature was checked as well. */
async function read(response, process) {
  const tokens = await process(response);
  await oauth.validateApplicationLevelSignature(server, response, plain);
  return { tokens, claims: oauth.getValidatedIdTokenClaims(tokens) };
}

await run({
  name: `oauth4webapi ${version}`,
  keepsQuery: true,
  async discover(algorithm) {
    const response = await oauth.discoveryRequest(issuer, { algorithm, ...plain });
    return (server = await oauth.processDiscoveryResponse(issuer, response));
  },
  async discoverResource(resource, authorizationServer) {
    const document = await oauth.processResourceDiscoveryResponse(resource, await oauth.resourceDiscoveryRequest(resource, plain));
    if (document.authorization_servers.join() !== authorizationServer) throw new Error(`authorization_servers: ${document.authorization_servers}`);
  },
  register: async (metadata) => oauth.processDynamicClientRegistrationResponse(await oauth.dynamicClientRegistrationRequest(server, metadata, plain)),
  secrets: async () => ({ verifier: oauth.generateRandomCodeVerifier(), state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce() }),
  async authorizationUrl(client, parameters, { verifier, state, nonce }) {
    const challenge = await oauth.calculatePKCECodeChallenge(verifier);
    const asked = { client_id: client.client_id, response_type: 'code', code_challenge: challenge, code_challenge_method: 'S256', state, nonce, ...parameters };
    return `${server.authorization_endpoint}?${new URLSearchParams(asked)}`;
  },
  async redeem(client, callback, { redirectUri, verifier, state, nonce }) {
    const parameters = oauth.validateAuthResponse(server, client, callback, state);
    const response = await oauth.authorizationCodeGrantRequest(server, client, auth(client), parameters, redirectUri, verifier, plain);
    return read(response, (answer) => oauth.processAuthorizationCodeResponse(server, client, answer, { expectedNonce: nonce, requireIdToken: true, maxAge: 3600 }));
  },
  async userinfo(client, token, subject) {
    return oauth.processUserInfoResponse(server, client, subject, await oauth.userInfoRequest(server, client, token, plain));
  },
  async refresh(client, token, parameters) {
    const response = await oauth.refreshTokenGrantRequest(server, client, auth(client), token, { additionalParameters: parameters, ...plain });
    return read(response, (answer) => oauth.processRefreshTokenResponse(server, client, answer));
  },
  revoke: async (client, token) => oauth.processRevocationResponse(await oauth.revocationRequest(server, client, auth(client), token, plain)),
  introspect: async (client, token) =>
    oauth.processIntrospectionResponse(server, client, await oauth.introspectionRequest(server, client, auth(client), token, plain)),
  beginDevice: async (client, parameters) =>
    oauth.processDeviceAuthorizationResponse(server, client, await oauth.deviceAuthorizationRequest(server, client, auth(client), parameters, plain)),
  async awaitDevice(client, { device_code: code, interval }) {
    for (;;) {
      await sleep(interval * 1000);
      const response = await oauth.deviceCodeGrantRequest(server, client, auth(client), code, plain);
      try {
        return await read(response, (answer) => oauth.processDeviceCodeResponse(server, client, answer));
      } catch (error) {
        if (error.error !== 'authorization_pending') throw error;
      }
    }
  },
  call: (client, token, url, headers, body) => oauth.protectedResourceRequest(token, 'POST', url, headers, body, plain),
  refusal,
});
