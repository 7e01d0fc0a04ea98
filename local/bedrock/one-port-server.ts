/**
 * HTTP/1.1 and HTTP/2 without TLS on one port. A client of HTTP/2 with prior knowledge opens with a fixed preface
 * (RFC 9113 §3.4) whose method no HTTP/1.1 client uses, so the first bytes tell which server gets the socket.
 */
import { createServer as createHttp1Server } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { type AnyRequest, type AnyResponse, Exchange } from './exchange.ts';

export interface OnePortServer {
  readonly port: number;
  /** Stops listening and breaks every open connection. */
  close(): Promise<void>;
}

const PREFACE = Buffer.from('PRI * HTTP/2.0');

/** Listens on loopback; port 0 means a free one. Rejects where the port is taken. */
export async function listenOnePort(
  port: number,
  handle: (exchange: Exchange) => void,
): Promise<OnePortServer> {
  const onRequest = (request: AnyRequest, response: AnyResponse) => handle(new Exchange(request, response));
  const http1 = createHttp1Server({ keepAliveTimeout: 60_000, requestTimeout: 0 }, onRequest);
  const http2 = createHttp2Server({}, onRequest);
  const sockets = new Set<Socket>();
  const tcp = createTcpServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // A caller that resets its connection is an everyday event here; the servers see it by the close.
    socket.on('error', () => socket.destroy());
    routeByPreface(socket, (isHttp2) => (isHttp2 ? http2 : http1).emit('connection', socket));
  });
  await listen(tcp, port);
  return {
    port: portOf(tcp),
    close: () => closeAll(tcp, sockets),
  };
}

/** Reads as many bytes as it takes to decide, puts them back, and hands over. */
function routeByPreface(socket: Socket, handOver: (isHttp2: boolean) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const onReadable = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const compared = Math.min(seen.length, PREFACE.length);
    const matches = seen.subarray(0, compared).equals(PREFACE.subarray(0, compared));
    // Part of a preface: the next bytes decide.
    if (matches && compared < PREFACE.length) return;
    socket.off('readable', onReadable);
    socket.unshift(seen);
    handOver(matches);
  };
  socket.on('readable', onReadable);
}

function listen(server: Server, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, '127.0.0.1', resolve);
  return promise;
}

function portOf(server: Server): number {
  const address = server.address();
  if (!isAddressInfo(address)) throw new Error('The server does not listen on a port.');
  return address.port;
}

const isAddressInfo = (address: string | AddressInfo | null): address is AddressInfo =>
  typeof address === 'object';

function closeAll(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  for (const socket of sockets) socket.destroy();
  return promise;
}
