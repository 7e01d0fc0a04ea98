/** An HTTP server on loopback that answers as its script says: what a real service does only on a bad day. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface ScriptedRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Which connection it came by, counted from 0. */
  readonly connection: number;
}

/** Answers one request; `http.IncomingMessage.socket` is at `response.socket`. */
export type Script = (response: ServerResponse, request: ScriptedRequest) => void;

export interface ScriptedServer {
  readonly endpoint: string;
  /** Everything that arrived, in order. */
  readonly requests: readonly ScriptedRequest[];
  /** The scripts of the next requests; the last one serves all that follow. */
  play(...scripts: readonly Script[]): void;
  close(): Promise<void>;
}

/** A script that answers with a status and a JSON body. */
export const json =
  (status: number, body: unknown): Script =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
  };

/** A script that lets go of the connection without a byte. */
export const hangUp: Script = (response) => {
  response.socket?.resetAndDestroy();
};

export async function startScriptedServer(): Promise<ScriptedServer> {
  let scripts: readonly Script[] = [];
  let connections = 0;
  const numbers = new WeakMap<object, number>();
  const requests: ScriptedRequest[] = [];
  const server = createServer(async (message, response) => {
    const request = {
      path: message.url ?? '',
      headers: message.headers,
      body: Buffer.concat(await message.toArray()).toString('utf8'),
      connection: numbers.get(message.socket) ?? -1,
    };
    requests.push(request);
    const [script = hangUp, ...rest] = scripts;
    if (rest.length > 0) scripts = rest;
    script(response, request);
  });
  server.on('connection', (socket) => {
    numbers.set(socket, connections);
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A TCP server has no port.');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    requests,
    play(...next) {
      scripts = next;
      requests.length = 0;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
