/**
 * The AWS JSON 1.1 protocol over signed HTTP, for services that are called now and then: one POST, the operation in
 * `x-amz-target`, refusals with `__type` (https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html).
 */
import type { SignedHttp } from './signed-http.ts';
import { TransportError } from './transport-error.ts';
import type { Waiting } from './waiting.ts';

export interface JsonService {
  readonly http: SignedHttp;
  /** What stands before the dot of `x-amz-target`: `secretsmanager`, `AWSEvents`, `AmazonSSM`. */
  readonly targetPrefix: string;
}

export interface JsonCall {
  /** `PutSecretValue`. */
  readonly operation: string;
  readonly input: object;
}

/** The service answered, and not with success. */
export class AwsRefusal extends Error {
  override readonly name = 'AwsRefusal';
  /** The service's own name for it: `ResourceNotFoundException`. */
  readonly code: string;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;

  /** The service's message is left out: it may quote what was sent. */
  constructor(of: { readonly operation: string; readonly code: string; readonly retryable: boolean }) {
    super(`AWS refused ${of.operation}: ${of.code}.`);
    this.code = of.code;
    this.retryable = of.retryable;
  }
}

/** Success without the fields that it must have. The answer is never quoted: it may hold a secret. */
export class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer';
}

const TIMEOUT_MS = 2_000;
const ATTEMPTS_MAX = 3;
const WAIT_BASE_MS = 50;

/** Refusals below 500 that may pass: each service has its own name for too many calls. */
const THROTTLED: ReadonlySet<string> = new Set([
  'RequestLimitExceeded',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

/** One attempt. Rejects with AwsRefusal, TransportError or MalformedAnswer. */
export async function sendJson(
  service: JsonService,
  call: JsonCall,
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await service.http.send({
    path: '/',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `${service.targetPrefix}.${call.operation}`,
    },
    body: JSON.stringify(call.input),
    timeoutMs: TIMEOUT_MS,
  });
  const body = jsonObject(answer.body.toString('utf8'));
  if (answer.status === 200 && body !== undefined) return body;
  if (answer.status === 200) throw new MalformedAnswer(`${call.operation} was answered with no JSON object.`);
  const code = refusalCode(body?.['__type']) ?? `HTTP ${answer.status}`;
  const retryable = answer.status >= 500 || answer.status === 429 || THROTTLED.has(code);
  throw new AwsRefusal({ operation: call.operation, code, retryable });
}

/** Tries again what may pass, three attempts in all, with full jitter (up to 100 ms, then 200). */
export async function withRetries<Result>(waiting: Waiting, attempt: () => Promise<Result>): Promise<Result> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (attempts === ATTEMPTS_MAX || !mayPass(error)) throw error;
      await waiting.wait(waiting.random() * WAIT_BASE_MS * 2 ** attempts);
    }
  }
}

/** Whether AWS refused by that name. */
export const isRefusal = (error: unknown, code: string): boolean =>
  error instanceof AwsRefusal && error.code === code;

/** A field that must be text with something in it. */
export function textField(answer: Readonly<Record<string, unknown>>, field: string): string {
  const value = answer[field];
  if (typeof value === 'string' && value !== '') return value;
  throw new MalformedAnswer(`The answer has no ${field}.`);
}

/** A value as an object with names; undefined for anything else, null and arrays among it. */
export const asRecord = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;

function mayPass(error: unknown): boolean {
  if (error instanceof AwsRefusal) return error.retryable;
  return error instanceof TransportError || error instanceof MalformedAnswer;
}

/** `com.amazonaws.ssm#ParameterNotFound` and `ParameterNotFound:http://…` both say ParameterNotFound. */
function refusalCode(type: unknown): string | undefined {
  return typeof type === 'string' ? type.replace(/^.*#/, '').replace(/:.*$/, '') : undefined;
}

function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return asRecord(JSON.parse(text));
  } catch {
    return undefined;
  }
}
