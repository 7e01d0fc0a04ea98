/**
 * DynamoDB's AWS JSON 1.0 protocol over signed HTTP: the sender of the hot path. It takes and gives the SDK's
 * shapes and throws the SDK's error names, at a fraction of the SDK's CPU and import time; a differential test
 * holds the two equal.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../ports.ts';
import { batchGetAll } from './batch-get.ts';
import type { Dynamo } from './dynamo.ts';
import { DynamoError } from './dynamo-error.ts';
import { fromWire, toWire } from './dynamo-wire.ts';
import type { SignedHttp, WholeAnswer } from './signed-http.ts';
import { TransportError } from './transport-error.ts';
import { REAL_WAITING, type Waiting } from './waiting.ts';

export interface LeanDynamoOptions {
  readonly http: SignedHttp;
  readonly clock: Clock;
  readonly waiting?: Waiting;
  /** By default 3; 1 also takes unprocessed keys of a batch for a failure. */
  readonly attemptsMax?: number;
  /** The longest one attempt may take; by default 600 ms. */
  readonly attemptTimeoutMs?: number;
  /** No attempt begins later than this after the first; by default 1,000 ms. */
  readonly budgetMs?: number;
}

const ATTEMPTS_MAX = 3;
const ATTEMPT_TIMEOUT_MS = 600;
const BUDGET_MS = 1_000;
const WAIT_BASE_MS = 25;

/** Refusals that may pass, besides every answer of 500 and above; as the SDK classifies them. */
const RETRYABLE = new Set([
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TransactionInProgressException',
]);

/**
 * The calls of `Dynamo` over a transport for service `dynamodb`. Throttling, answers of 500 and above and failed
 * connections are tried again, three attempts in all by default, with full jitter; every other refusal throws at once.
 */
export function createLeanDynamo(options: LeanDynamoOptions): Dynamo {
  const waiting = options.waiting ?? REAL_WAITING;
  const call =
    <Input, Output>(operation: string) =>
    (input: Input): Promise<Output> =>
      callWithRetries<Output>({ ...options, waiting }, { operation, body: toWire(input) });
  const transact: Dynamo['transactWriteItems'] = call('TransactWriteItems');
  return {
    batchGetItem: (input) =>
      batchGetAll({ waiting, get: call('BatchGetItem'), roundsMax: options.attemptsMax }, input),
    getItem: call('GetItem'),
    putItem: call('PutItem'),
    query: call('Query'),
    // Without a token a resent transaction would run twice, or fail on its own conditions.
    transactWriteItems: (input) =>
      transact({ ...input, ClientRequestToken: input.ClientRequestToken ?? randomUUID() }),
    updateItem: call('UpdateItem'),
  };
}

async function callWithRetries<Output>(
  options: LeanDynamoOptions & { readonly waiting: Waiting },
  call: { readonly operation: string; readonly body: string },
): Promise<Output> {
  const { waiting, clock, attemptsMax = ATTEMPTS_MAX } = options;
  const startedMs = clock();
  let mayHaveActed = false;
  for (let attempts = 1; ; attempts += 1) {
    const result: Output | DynamoError = await attempt<Output>(options, { ...call, attempts, mayHaveActed });
    if (!(result instanceof DynamoError)) return result;
    mayHaveActed = result.mayHaveActed;
    const waitMs = waiting.random() * WAIT_BASE_MS * 2 ** attempts;
    const late = clock() + waitMs - startedMs > (options.budgetMs ?? BUDGET_MS);
    if (!result.retryable || attempts === attemptsMax || late) throw result;
    await waiting.wait(waitMs);
  }
}

async function attempt<Output>(
  options: LeanDynamoOptions,
  call: {
    readonly operation: string;
    readonly body: string;
    readonly attempts: number;
    /** Whether an earlier attempt may have. */
    readonly mayHaveActed: boolean;
  },
): Promise<Output | DynamoError> {
  try {
    const answer = await options.http.send({
      path: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${call.operation}`,
      },
      body: call.body,
      timeoutMs: options.attemptTimeoutMs ?? ATTEMPT_TIMEOUT_MS,
    });
    const $metadata = metadataOf(answer, call.attempts);
    if (answer.status !== 200) {
      // Of two sends of the transport only the second was answered; a service that failed says nothing of its effect.
      const mayHaveActed = call.mayHaveActed || answer.sends > 1 || answer.status >= 500;
      return refusalOf(answer, { $metadata, mayHaveActed });
    }
    return { ...fromWire(answer.body.toString('utf8')), $metadata } as Output;
  } catch (error) {
    if (!(error instanceof TransportError || error instanceof SyntaxError)) throw error;
    const $metadata = { attempts: call.attempts };
    return new DynamoError({
      name: 'NetworkError',
      message: error.message,
      retryable: true,
      mayHaveActed: true,
      $metadata,
      cause: error,
    });
  }
}

interface Metadata {
  readonly httpStatusCode: number;
  readonly requestId?: string;
  readonly attempts: number;
}

/** The transport's own resend counts: who reads one attempt concludes that no copy of the call is on its way. */
function metadataOf(answer: WholeAnswer, attempts: number): Metadata {
  const requestId = answer.headers['x-amzn-requestid'];
  return {
    httpStatusCode: answer.status,
    attempts: attempts + answer.sends - 1,
    ...(typeof requestId === 'string' && { requestId }),
  };
}

/** `__type` is `namespace#Name`; what is not DynamoDB's JSON (a load balancer's page) has no name of its own. */
function refusalOf(
  answer: WholeAnswer,
  of: { readonly $metadata: Metadata; readonly mayHaveActed: boolean },
): DynamoError {
  const body = refusalBody(answer.body);
  const name = typeof body.__type === 'string' ? body.__type.replace(/^.*#/, '') : 'UnknownError';
  return new DynamoError({
    name,
    message: body.message ?? body.Message ?? `DynamoDB answered ${answer.status}.`,
    retryable: answer.status >= 500 || RETRYABLE.has(name),
    ...of,
    ...(body.Item !== undefined && { Item: body.Item }),
    ...(body.CancellationReasons !== undefined && { CancellationReasons: body.CancellationReasons }),
  });
}

interface RefusalBody extends Partial<Pick<DynamoError, 'Item' | 'CancellationReasons'>> {
  readonly __type?: string;
  readonly message?: string;
  readonly Message?: string;
}

function refusalBody(body: Buffer): RefusalBody {
  try {
    return fromWire(body.toString('utf8'));
  } catch {
    return {};
  }
}
