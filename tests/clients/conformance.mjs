// The authorization scenarios of the official conformance suite, in front of doorward: the suite
// prints an authorization URL and waits; here a browser walks it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Browser } from './browser.mjs';

const { ISSUER: issuer, SIGN_IN_NAME: username, SIGN_IN_PASSWORD: password } = process.env;
const SUITE = fileURLToPath(new URL('./node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url));

// `authorization-server-metadata-cimd` is a warning until doorward reads client ID metadata documents.
const EXPECTED = {
  'authorization-server-metadata': ['SUCCESS'],
  'authorization-server-metadata-cimd': ['SUCCESS', 'WARNING'],
  'authorization-code-grant': ['SUCCESS'],
};

async function register() {
  const response = await fetch(`${issuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    // Any port: the suite chooses its own.
    body: JSON.stringify({ client_name: 'Conformance suite', redirect_uris: ['http://127.0.0.1/callback'], token_endpoint_auth_method: 'none' }),
  });
  const text = await response.text();
  assert.equal(response.status, 201, text);
  return JSON.parse(text).client_id;
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** Runs the suite and gives every check it wrote down. */
async function suite(extra) {
  const results = await mkdtemp(join(tmpdir(), 'doorward-conformance-'));
  const port = await freePort();
  const words = ['authorization', '--url', issuer, '--client-id', await register(), '-p', String(port), '-o', results, ...extra];
  const child = spawn(process.execPath, [SUITE, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const said = [];
  try {
    const closed = new Promise((resolve) => child.on('close', resolve));
    child.stderr.on('data', (chunk) => said.push(String(chunk)));
    for await (const line of createInterface({ input: child.stdout })) {
      said.push(line);
      if (line.startsWith(`${issuer}/authorize?`)) {
        const { callback } = await new Browser(issuer).authorize(line.trim(), { username, password });
        await fetch(callback);
      }
    }
    const code = await closed;
    const checks = [];
    for (const entry of await readdir(results, { recursive: true })) {
      if (entry.endsWith('checks.json')) checks.push(...JSON.parse(await readFile(join(results, entry), 'utf8')));
    }
    if (process.env.VERBOSE || code !== 0) console.error(said.join('\n'));
    assert.equal(code, 0, `the suite ends with ${code}`);
    return checks;
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
    await rm(results, { recursive: true, force: true });
  }
}

let failed = 0;
for (const [title, extra] of [
  ['with a resource', ['--resource', `${issuer}/mcp`]],
  ['without a resource', []],
]) {
  try {
    const checks = await suite(extra);
    assert.deepEqual(checks.map(({ id }) => id).sort(), Object.keys(EXPECTED).sort());
    for (const { id, status, errorMessage } of checks) {
      const good = EXPECTED[id].includes(status);
      if (!good) failed += 1;
      console.log(`${good ? 'ok   ' : 'FAIL '} conformance suite · ${title}: ${id}: ${status}${errorMessage ? ` (${errorMessage})` : ''}`);
    }
  } catch (error) {
    failed += 1;
    console.log(`FAIL  conformance suite · ${title}: ${String(error.message).replace(/\s+/g, ' ')}`);
    if (process.env.VERBOSE) console.error(error);
  }
}
process.exit(failed ? 1 : 0);
