// An app that wants to be let in: an OAuth client with PKCE, and the place where its answers arrive.

import { createHash, randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const random = () => randomBytes(32).toString('base64url');

// Remembers what arrives, by its state; with `onward` it sends the browser on, as hosted apps do.
export async function openCallback(tls, onward) {
  const arrivals = new Map();
  const server = tls ? createTlsServer(tls) : createServer();
  server.on('request', (request, response) => {
    const parameters = new URL(request.url, 'http://here').searchParams;
    if (!parameters.has('state')) return response.writeHead(200, { 'content-type': 'text/html' }).end('<title>onward</title>');
    arrivals.set(parameters.get('state'), parameters);
    if (onward) return response.writeHead(302, { location: onward }).end();
    return response.writeHead(200, { 'content-type': 'text/html' }).end('<title>arrived</title>');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  return { port, uri: `http://127.0.0.1:${port}/callback`, arrived: (state) => arrivals.get(state), close: () => server.close() };
}

// A certificate that nobody trusts, for hosts that only this browser finds.
export function selfSigned(...hosts) {
  const directory = mkdtempSync(join(tmpdir(), 'dw-certificate-'));
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const subject = ['-subj', `/CN=${hosts[0]}`, '-addext', `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(',')}`];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-keyout', key, '-out', certificate, ...subject], { stdio: 'ignore' });
  const read = { key: readFileSync(key), cert: readFileSync(certificate) };
  rmSync(directory, { recursive: true });
  return read;
}

// `path`: where requests of its own go instead (`via`), and what they say of where they come from (`headers`).
export class App {
  // One that registers itself.
  static async register(origin, redirectUri, name, more = {}, path = {}) {
    const body = { client_name: name, redirect_uris: [redirectUri], token_endpoint_auth_method: 'none', ...more };
    const headers = { ...path.headers, 'content-type': 'application/json' };
    const answer = await fetch(`${path.via ?? origin}/register`, { method: 'POST', headers, body: JSON.stringify(body) });
    const { client_id: id } = await answer.json();
    if (!id) throw new Error(`the app was not registered: ${answer.status}`);
    return new App(origin, redirectUri, id, undefined, path);
  }

  constructor(origin, redirectUri, id, secret, { via = origin, headers = {} } = {}) {
    Object.assign(this, { origin, redirectUri, id, secret, via, headers, verifier: random() });
  }

  get challenge() {
    return createHash('sha256').update(this.verifier).digest('base64url');
  }

  // Where its user is sent; `path` names the server that it wants, without one the user chooses.
  authorizeUrl(state, path, more = {}) {
    const resource = path ? { resource: this.origin + path } : {};
    const query = { response_type: 'code', client_id: this.id, redirect_uri: this.redirectUri, code_challenge: this.challenge, code_challenge_method: 'S256', state, ...resource, ...more };
    return `${this.origin}/authorize?${new URLSearchParams(query)}`;
  }

  redeem(code) {
    const secret = this.secret ? { client_secret: this.secret } : {};
    const body = { grant_type: 'authorization_code', client_id: this.id, redirect_uri: this.redirectUri, code_verifier: this.verifier, code, ...secret };
    return fetch(`${this.via}/token`, { method: 'POST', headers: this.headers, body: new URLSearchParams(body) });
  }

  call(path, token) {
    return call(this.via, path, token, this.headers);
  }
}

// What the gate says to a token or key: the status of one call.
export async function call(origin, path, token, more = {}) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
  const headers = { ...more, authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  return (await fetch(origin + path, { method: 'POST', headers, body })).status;
}
