/** A reverse proxy before DynamoDB that has every answer say what it cost, and writes down whose item was touched. */
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import * as z from 'zod/mini';

export interface StoreCall {
  /** `UpdateItem`. */
  readonly operation: string;
  /** The partition that was asked for: `TENANT#…`; the first of several. */
  readonly partition: string;
  /** The table's name. */
  readonly table: string;
  /** Read or write units, as DynamoDB bills them on demand; 0 where the call was refused. */
  readonly units: number;
  /** What the store refused with: `ConditionalCheckFailedException`; undefined where it did not. */
  readonly refusal: string | undefined;
}

export interface MeteredStore {
  readonly url: string;
  readonly calls: readonly StoreCall[];
  close(): Promise<void>;
}

/** Passes calls on to `targetUrl`. */
export async function startMeteredStore(targetUrl: string): Promise<MeteredStore> {
  const calls: StoreCall[] = [];
  const agent = new Agent({ keepAlive: true });
  const server = createServer(async (incoming, answer) => {
    try {
      const { status, headers, text, call } = await passOn(incoming, { targetUrl, agent });
      calls.push(call);
      answer.writeHead(status, headers).end(text);
    } catch (error) {
      answer.destroy(error instanceof Error ? error : undefined);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: async () => {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const attributes = z.looseObject({ PK: z.optional(z.looseObject({ S: z.string() })) });
const input = z.looseObject({
  TableName: z.optional(z.string()),
  Key: z.optional(attributes),
  Item: z.optional(attributes),
  RequestItems: z.optional(z.record(z.string(), z.looseObject({ Keys: z.array(attributes) }))),
});
const capacity = z.looseObject({ CapacityUnits: z.number() });
const output = z.looseObject({
  ConsumedCapacity: z.optional(z.union([capacity, z.array(capacity)])),
  __type: z.optional(z.string()),
});

async function passOn(incoming: IncomingMessage, of: { readonly targetUrl: string; readonly agent: Agent }) {
  const asked = input.parse(JSON.parse((await buffer(incoming)).toString('utf8')));
  const body = JSON.stringify({ ...asked, ReturnConsumedCapacity: 'TOTAL' });
  const headers = { ...incoming.headers, 'content-length': String(Buffer.byteLength(body)) };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request(
      new URL('/', of.targetUrl),
      { method: 'POST', agent: of.agent, headers },
      resolve,
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
  const text = await buffer(response);
  const answered = output.parse(JSON.parse(text.toString('utf8')));
  const call: StoreCall = {
    operation: String(incoming.headers['x-amz-target']).replace(/^.*\./, ''),
    ...placeOf(asked),
    units: [answered.ConsumedCapacity ?? []]
      .flat()
      .reduce((sum, { CapacityUnits }) => sum + CapacityUnits, 0),
    refusal: answered.__type?.replace(/^.*#/, ''),
  };
  return { status: response.statusCode ?? 502, headers: response.headers, text, call };
}

function placeOf(asked: z.output<typeof input>): Pick<StoreCall, 'table' | 'partition'> {
  const [batch] = Object.entries(asked.RequestItems ?? {});
  const key = asked.Key ?? asked.Item ?? batch?.[1].Keys[0];
  return { table: asked.TableName ?? batch?.[0] ?? '', partition: key?.PK?.S ?? '' };
}
