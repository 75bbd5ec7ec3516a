// The program under test: started on a free port with a directory of its own, and its commands.

import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const PROGRAM = process.env.DOORWARD_BIN;
const work = mkdtempSync(join(tmpdir(), 'dw-browser-'));
const running = new Set();
process.on('exit', () => {
  running.forEach((child) => child.kill());
  rmSync(work, { recursive: true, force: true });
});

export const PASSWORD = 'correct horse battery';

// Nothing here is about how often: that the limits hold is tested elsewhere.
const UNLIMITED = '\n[limits]\n' + ['register_per_hour', 'authorize_per_hour', 'token_per_minute', 'devices_per_hour', 'poll_per_minute']
  .map((limit) => `${limit} = "off"\n`).join('');

// Two servers, so that there is something to choose.
export function twoServers(upstream) {
  const server = (path, name) => `[[server]]\npath = "/${path}"\nname = "${name}"\nupstream = "${upstream}"\n[server.scopes]\n"${path}:read" = "Read your ${path}"\n"${path}:write" = "Change your ${path}"\n`;
  return server('notes', 'Notes') + server('files', 'Family files');
}

// Stands for the MCP servers: whatever comes through the gate is answered.
export async function openUpstream() {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":"2.0","id":1,"result":{}}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/mcp`, close: () => server.close() };
}

// `configuration` is added to doorward.toml; without servers in it the built-in one is protected.
export async function startDoorward(name, { configuration = '', flags = [] } = {}) {
  const data = join(work, name);
  mkdirSync(data);
  writeFileSync(join(data, 'doorward.toml'), configuration + UNLIMITED);
  const child = spawn(PROGRAM, ['serve', '--listen', '127.0.0.1:0', '--data', data, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  const first = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (piece) => {
      text += piece;
      if (text.includes('\n')) resolve(text.split('\n')[0]);
    });
    child.on('exit', () => reject(new Error('doorward did not start')));
  });
  return {
    origin: first.replace('listening on ', ''),
    command: async (...words) => JSON.parse((await promisify(execFile)(PROGRAM, [...words, '--data', data, '--json'])).stdout),
    addUser: (user, ...more) => addUser(data, user, more),
    stop: () => new Promise((resolve) => {
      running.delete(child);
      child.once('exit', resolve);
      child.kill('SIGTERM');
    }),
  };
}

function addUser(data, user, more) {
  const done = promisify(execFile)(PROGRAM, ['user', 'add', user, ...more, '--password-stdin', '--data', data]);
  done.child.stdin.end(`${PASSWORD}\n`);
  return done;
}
