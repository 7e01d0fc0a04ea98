/** Round trips to DynamoDB a request, counted on the wire. */
import type { Call } from './calls.ts';
import { exchange } from './exchange.ts';
import { median } from './statistics.ts';
import { type Passage, startTap } from './tap.ts';

export interface RoundTrips {
  /** The operations of one request in their order. */
  readonly operations: readonly string[];
  readonly total: number;
  /** Of those before Bedrock is called, the longest row in which each waits for the one before. */
  readonly sequentialBeforeBedrock: number;
  /** How long that row took to answer, in ms, the median of the requests. */
  readonly storeMsBeforeBedrock: number;
}

/**
 * Makes one call after another through a proxy whose stores and Bedrock are tapped, and reads off what each
 * caused. Rejects where two warm requests differ.
 */
export async function countRoundTrips(of: {
  readonly dynamodbUrl: string;
  readonly bedrockUrl: string;
  /** Starts a proxy on those endpoints. */
  readonly start: (endpoints: { dynamodb: string; bedrock: string }) => Promise<{
    readonly call: Call;
    close(): Promise<void>;
  }>;
}): Promise<RoundTrips> {
  const dynamodb = await startTap(of.dynamodbUrl);
  const bedrock = await startTap(of.bedrockUrl);
  const proxy = await of.start({ dynamodb: dynamodb.url, bedrock: bedrock.url });
  try {
    const seen: RoundTrips[] = [];
    for (let request = 0; request < REQUESTS; request += 1) {
      const before = dynamodb.passages.length;
      await exchange(proxy.call);
      seen.push(read(dynamodb.passages.slice(before), bedrock.passages.at(-1)));
    }
    // The first request has nothing of an earlier one to tidy up.
    const [, second, ...others] = seen;
    if (second === undefined) throw new Error('No request was counted.');
    if (others.some((one) => one.operations.join() !== second.operations.join())) {
      throw new Error(`Requests differ in their round trips: ${JSON.stringify(seen)}`);
    }
    return { ...second, storeMsBeforeBedrock: median(seen.map((one) => one.storeMsBeforeBedrock)) };
  } finally {
    await proxy.close();
    await dynamodb.close();
    await bedrock.close();
  }
}

const REQUESTS = 20;

function read(passages: readonly Passage[], bedrock: Passage | undefined): RoundTrips {
  const calledMs = bedrock?.beganMs ?? Number.POSITIVE_INFINITY;
  let sequential = 0;
  let storeMs = 0;
  let endedMs = Number.NEGATIVE_INFINITY;
  for (const passage of passages) {
    if (passage.beganMs >= calledMs || passage.beganMs < endedMs) continue;
    sequential += 1;
    storeMs += passage.endedMs - passage.beganMs;
    endedMs = passage.endedMs;
  }
  return {
    operations: passages.map(({ operation }) => operation),
    total: passages.length,
    sequentialBeforeBedrock: sequential,
    storeMsBeforeBedrock: storeMs,
  };
}
