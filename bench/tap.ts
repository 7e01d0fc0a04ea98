/** A reverse proxy that writes down what passes, when it began and when it ended. */
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Passage {
  /** The operation as the AWS protocol names it, else the path. */
  readonly operation: string;
  readonly beganMs: number;
  endedMs: number;
}

export interface Tap {
  readonly url: string;
  readonly passages: readonly Passage[];
  close(): Promise<void>;
}

/** Passes requests on to `targetUrl`. */
export async function startTap(targetUrl: string): Promise<Tap> {
  const passages: Passage[] = [];
  const agent = new Agent({ keepAlive: true });
  const server = createServer((incoming, answer) => {
    const target = incoming.headers['x-amz-target'];
    const operation = typeof target === 'string' ? target.replace(/^.*\./, '') : (incoming.url ?? '');
    const passage = { operation, beganMs: performance.now(), endedMs: Number.POSITIVE_INFINITY };
    passages.push(passage);
    const { headers } = incoming;
    const outgoing = request(
      new URL(incoming.url ?? '/', targetUrl),
      { method: 'POST', agent, headers },
      (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
        response.on('end', () => {
          passage.endedMs = performance.now();
        });
      },
    );
    outgoing.on('error', (error) => answer.destroy(error));
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passages,
    close: async () => {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
