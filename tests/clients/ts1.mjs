// The official TypeScript SDK, 1.x: @modelcontextprotocol/sdk.
import { createRequire } from 'node:module';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { run } from './scenario.mjs';

const { version } = createRequire(import.meta.url)('./node_modules/@modelcontextprotocol/sdk/package.json');

await run(
  {
    name: `TypeScript ${version}`,
    UnauthorizedError,
    client: (info) => new Client(info),
    transport: (url, options) => new StreamableHTTPClientTransport(url, options),
    // 1.x takes the code alone: state and iss are the host's to compare.
    finish: (transport, parameters) => transport.finishAuth(parameters.get('code')),
    call: (client, request, options) => client.callTool(request, undefined, options),
    onLog: (client, handler) => client.setNotificationHandler(LoggingMessageNotificationSchema, handler),
  },
  [
    { server: 'everything', method: 'none', revokeBy: 'command', protocol: '2025-11-25' },
    { server: 'fastmcp', method: 'client_secret_post', revokeBy: 'client', protocol: '2025-11-25' },
  ],
);
