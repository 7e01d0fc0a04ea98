/** A BatchGetItem until every key was answered: the service may leave keys unprocessed and call it success. */
import type {
  AttributeValue,
  BatchGetItemCommandInput,
  BatchGetItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { DynamoError } from './dynamo-error.ts';
import type { Waiting } from './waiting.ts';

const ROUNDS_MAX = 4;
const WAIT_BASE_MS = 25;

/** Asks again for what was left, with full jitter; throws the service's throttling error where keys remain. */
export async function batchGetAll(
  of: {
    readonly waiting: Waiting;
    readonly get: (input: BatchGetItemCommandInput) => Promise<BatchGetItemCommandOutput>;
    /** How often to ask; by default 4 times. */
    readonly roundsMax?: number | undefined;
  },
  input: BatchGetItemCommandInput,
): Promise<BatchGetItemCommandOutput> {
  const roundsMax = of.roundsMax ?? ROUNDS_MAX;
  let output = await of.get(input);
  let responses = output.Responses ?? {};
  for (let round = 1; hasKeys(output.UnprocessedKeys); round += 1) {
    if (round === roundsMax) {
      throw new DynamoError({
        name: 'ProvisionedThroughputExceededException',
        message: 'Keys of a BatchGetItem stayed unprocessed.',
        retryable: true,
        $metadata: output.$metadata,
      });
    }
    await of.waiting.wait(of.waiting.random() * WAIT_BASE_MS * 2 ** round);
    output = await of.get({ ...input, RequestItems: output.UnprocessedKeys });
    responses = merge(responses, output.Responses ?? {});
  }
  return { ...output, Responses: responses, UnprocessedKeys: {} };
}

type Responses = Record<string, Record<string, AttributeValue>[]>;

const hasKeys = (keys: BatchGetItemCommandOutput['UnprocessedKeys']): boolean =>
  keys !== undefined && Object.keys(keys).length > 0;

function merge(first: Responses, second: Responses): Responses {
  const tables = new Set([...Object.keys(first), ...Object.keys(second)]);
  return Object.fromEntries(
    [...tables].map((table) => [table, [...(first[table] ?? []), ...(second[table] ?? [])]]),
  );
}
