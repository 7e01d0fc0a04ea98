/**
 * An AWS service of the JSON 1.1 protocol on loopback: one POST, the operation in `x-amz-target`, errors with
 * `__type` (https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html).
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isSigned, scopeComplaint } from './credential-scope.ts';

/** What an operation throws to answer as the service would. */
export class AwsServiceError extends Error {
  readonly type: string;
  readonly status: number;

  constructor(type: string, message: string, status = 400) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

/** Takes the request's JSON object, returns what the answer's JSON is made of, or throws AwsServiceError. */
export type Operation = (input: Readonly<Record<string, unknown>>) => object;

export interface AwsJsonService {
  /** The service's name in the scope of a signature, for example `ssm`. */
  readonly signingName: string;
  /** What stands before the dot of `x-amz-target`, for example `secretsmanager`. */
  readonly targetPrefix: string;
  readonly operations: Readonly<Record<string, Operation>>;
  /** `Message` or `message`: the services differ in how they spell it. */
  readonly messageField: 'Message' | 'message';
}

export interface LocalService {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Longer than any request of the services emulated here. */
const BODY_BYTES_MAX = 1024 * 1024;

/** Serves on loopback; port 0 or absent means a free one. */
export async function serveAwsJson(service: AwsJsonService, port = 0): Promise<LocalService> {
  const server = createServer((request, response) => {
    void answer(service, request).then(({ status, body }) => {
      const text = JSON.stringify(body);
      response.writeHead(status, {
        'content-type': 'application/x-amz-json-1.1',
        'content-length': Buffer.byteLength(text),
        'x-amzn-requestid': randomUUID(),
      });
      response.end(text);
    });
  });
  await listen(server, port);
  const { port: bound } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${bound}`, close: () => closeServer(server) };
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

async function answer(service: AwsJsonService, request: IncomingMessage): Promise<Answer> {
  try {
    const operation = operationOf(service, request);
    return { status: 200, body: operation(await readObject(request)) };
  } catch (error) {
    request.resume();
    return failure(service, error);
  }
}

function operationOf(service: AwsJsonService, request: IncomingMessage): Operation {
  refuseUnsigned(service, request.headers.authorization ?? '');
  const [prefix, name = ''] = String(request.headers['x-amz-target'] ?? '').split('.');
  const operation = Object.hasOwn(service.operations, name) ? service.operations[name] : undefined;
  if (request.method !== 'POST' || prefix !== service.targetPrefix || operation === undefined) {
    throw new AwsServiceError('UnknownOperationException', `This emulator has no operation '${name}'.`);
  }
  return operation;
}

function refuseUnsigned({ signingName }: AwsJsonService, authorization: string): void {
  if (!isSigned(authorization)) {
    throw new AwsServiceError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  }
  const complaint = scopeComplaint(authorization, signingName);
  if (complaint !== undefined) throw new AwsServiceError('InvalidSignatureException', complaint);
}

async function readObject(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw new AwsServiceError('SerializationException', 'The body is too long.');
    chunks.push(chunk);
  }
  const value: unknown = parseJson(Buffer.concat(chunks).toString('utf8'));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AwsServiceError('SerializationException', 'The body is not a JSON object.');
  }
  return { ...value };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function failure(service: AwsJsonService, error: unknown): Answer {
  if (error instanceof AwsServiceError) {
    return { status: error.status, body: { __type: error.type, [service.messageField]: error.message } };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { status: 500, body: { __type: 'InternalServiceError', [service.messageField]: message } };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
