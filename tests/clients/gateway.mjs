// The gateway changes nothing: the server scenarios of the official conformance suite, once straight
// at the MCP server and once through doorward, give the same result check for check. What the
// servers get wrong stays wrong; that is not what is measured.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Browser } from './browser.mjs';

const { ISSUER: issuer, SIGN_IN_NAME: username, SIGN_IN_PASSWORD: password, EVERYTHING: everything, FASTMCP: fastmcp } = process.env;
const SUITE = fileURLToPath(new URL('./node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url));
const CALLBACK = 'http://127.0.0.1:33418/callback';

const RUNS = [
  { server: 'everything', upstream: everything, revision: '2025-11-25' },
  { server: 'fastmcp', upstream: fastmcp, revision: '2025-11-25' },
  { server: 'fastmcp', upstream: fastmcp, revision: '2026-07-28' },
];

// The servers accept any Host and Origin. doorward does not, and is right.
const STRICTER = new Set(['localhost-host-rebinding-rejected']);

async function json(response, status) {
  const text = await response.text();
  assert.equal(response.status, status, text);
  return JSON.parse(text);
}

/** A login by hand: the suite has no way to send a token. */
async function token(resource) {
  const registration = { client_name: 'Conformance suite', redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none' };
  const { client_id } = await json(await fetch(`${issuer}/register`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(registration) }), 201);
  const code_verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    response_type: 'code', client_id, redirect_uri: CALLBACK, resource,
    code_challenge_method: 'S256', code_challenge: createHash('sha256').update(code_verifier).digest('base64url'),
  });
  const { parameters } = await new Browser(issuer).authorize(`${issuer}/authorize?${query}`, { username, password });
  const body = new URLSearchParams({ grant_type: 'authorization_code', code: parameters.get('code'), client_id, redirect_uri: CALLBACK, code_verifier, resource });
  return (await json(await fetch(`${issuer}/token`, { method: 'POST', body }), 200)).access_token;
}

/** Passes everything on as it is, Host and Origin included, with a token added if there is one. */
function forwarder(target, bearer) {
  const server = http.createServer((request, response) => {
    const headers = [...request.rawHeaders, ...(bearer ? ['Authorization', `Bearer ${bearer}`] : [])];
    const onward = http.request({ host: target.hostname, port: target.port, path: target.pathname, method: request.method, headers, setHost: false }, (answer) => {
      response.writeHead(answer.statusCode, answer.statusMessage, answer.rawHeaders);
      response.flushHeaders();
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
    response.on('close', () => onward.destroy());
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

/** Every check of one run of the suite: `scenario/number/id` and what came of it. */
async function suite(target, revision, bearer) {
  const results = await mkdtemp(join(tmpdir(), 'doorward-conformance-'));
  const server = await forwarder(target, bearer);
  const words = ['server', '--url', `http://localhost:${server.address().port}/mcp`, '--requirements', revision, '-o', results];
  const child = spawn(process.execPath, [SUITE, ...words], { stdio: 'ignore' });
  const timer = setTimeout(() => child.kill('SIGKILL'), 90_000);
  try {
    // Its exit code speaks of the server behind: it is the same question for both ways.
    const code = await new Promise((resolve) => child.on('close', resolve));
    assert.ok(code === 0 || code === 1, `the suite ends with ${code}`);
    const checks = new Map();
    for (const entry of await readdir(results, { recursive: true })) {
      if (!entry.endsWith('checks.json')) continue;
      const scenario = dirname(entry).replace(/-20\d\d-\d\d-\d\dT.*$/, '');
      JSON.parse(await readFile(join(results, entry), 'utf8')).forEach(({ id, status, errorMessage }, i) => checks.set(`${scenario}/${i}/${id}`, { id, status, errorMessage }));
    }
    return checks;
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
    server.closeAllConnections();
    server.close();
    await rm(results, { recursive: true, force: true });
  }
}

let failed = 0;
for (const { server, upstream, revision } of RUNS) {
  const title = `gateway · ${server} · ${revision}`;
  try {
    const resource = new URL(`${issuer}/${server}`);
    const straight = await suite(new URL(upstream), revision);
    const through = await suite(resource, revision, await token(resource.href));
    assert.ok(straight.size > 50, `only ${straight.size} checks: the suite did not run`);
    const differences = [...new Set([...straight.keys(), ...through.keys()])].flatMap((key) => {
      const [a, b] = [straight.get(key), through.get(key)];
      const same = a?.status === b?.status || (STRICTER.has(a?.id) && b?.status === 'SUCCESS');
      return same ? [] : [`${key}: ${a?.status} straight, ${b?.status} through doorward (${b?.errorMessage ?? ''})`];
    });
    assert.deepEqual(differences, []);
    console.log(`ok    ${title}: ${straight.size} checks come out as without doorward`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${title}: ${String(error.message).replace(/\s+/g, ' ')}`);
  }
}
process.exit(failed ? 1 : 0);
