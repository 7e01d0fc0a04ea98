/** The floor: a node:http server that pipes to Bedrock without a key, a limit, a ledger, a log or a translation. */
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Serves on a free port of the loopback, until the process ends; resolves with its URL. */
export function startBareProxy(bedrockUrl: string): Promise<string> {
  const agent = new Agent({ keepAlive: true });
  const server = createServer((incoming, answer) => {
    const { host: _, ...headers } = incoming.headers;
    const target = new URL(incoming.url ?? '/', bedrockUrl);
    const outgoing = request(target, { method: 'POST', agent, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    outgoing.on('error', (error) => answer.destroy(error));
    incoming.pipe(outgoing);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
  });
}
