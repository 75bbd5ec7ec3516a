// The official TypeScript SDK, 2.x, where the client is a package of its own: @modelcontextprotocol/client.
import { createRequire } from 'node:module';
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { run } from './scenario.mjs';

const { version } = createRequire(import.meta.url)('./node_modules/@modelcontextprotocol/client/package.json');

await run(
  {
    name: `TypeScript ${version}`,
    UnauthorizedError,
    // `auto` asks for the 2026-07-28 revision first and falls back to the handshake of 2025.
    client: (info, mode) => new Client(info, mode ? { versionNegotiation: { mode } } : {}),
    transport: (url, options) => new StreamableHTTPClientTransport(url, options),
    // 2.x reads the callback itself and compares iss with the metadata.
    finish: (transport, parameters) => transport.finishAuth(parameters),
    call: (client, request, options) => client.callTool(request, options),
    onLog: (client, handler) => client.setNotificationHandler('notifications/message', handler),
  },
  [
    { server: 'everything', era: 'auto', method: 'client_secret_basic', revokeBy: 'client', protocol: '2025-11-25' },
    { server: 'fastmcp', revokeBy: 'command', protocol: '2025-11-25' },
    { server: 'fastmcp', era: 'auto', method: 'none', revokeBy: 'command', protocol: '2026-07-28' },
  ],
);
