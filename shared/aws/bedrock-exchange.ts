/** One exchange with Bedrock's runtime, whatever the operation: what its refusals and failures are to the caller. */
import { GatewayError } from '../domain/gateway-error.ts';
import type { RandomBytes } from '../domain/ids.ts';
import { bedrockError } from './bedrock-errors.ts';
import { BedrockException, parseObject } from './converse-frames.ts';
import type { SignedHttp, SignedRequest, WholeAnswer } from './signed-http.ts';
import { TransportError } from './transport-error.ts';

/** Any failure as the caller's error; `stream`: of an answer that has begun. */
export type Translate = (error: unknown, within?: 'stream') => GatewayError;

/** The successful answer of an operation that answers as a whole. Rejects with what `translatorOf` translates. */
export async function exchanged(http: SignedHttp, request: SignedRequest): Promise<Accepted> {
  const answer = await dispatched(http.send(request));
  if (answer.status !== 200) throw failureOf(answer);
  return { body: parseObject(answer.body), headers: answer.headers };
}

/** An answer of status 200, its body a JSON object. */
export interface Accepted {
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: WholeAnswer['headers'];
}

/** The transport reports what happened on the wire as TransportError; anything else kept the request from being sent. */
export async function dispatched<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof TransportError) throw error;
    throw new GatewayError('internal_error', 'The request to Bedrock could not be made. Retry it.', {
      cause: error,
    });
  }
}

/** An answer that is not a success. */
export type Refusal = Omit<WholeAnswer, 'sends'>;

/** The exception of an answer that is not a success, by the header or else the body's `__type`. */
export function failureOf(answer: Refusal): BedrockException {
  const body = safeObject(answer.body);
  const header = answer.headers['x-amzn-errortype'];
  const type = typeof header === 'string' ? header : String(body['__type'] ?? 'UnknownException');
  const { originalStatusCode } = body;
  return new BedrockException({
    // `Name:http://internal…` in the header, `namespace#Name` in the body.
    name: type.replace(/:.*$/, '').replace(/^.*#/, ''),
    message: String(body['message'] ?? body['Message'] ?? ''),
    status: answer.status,
    ...(typeof originalStatusCode === 'number' && { originalStatus: originalStatusCode }),
  });
}

/** Errors may come from something in between that speaks no JSON. */
function safeObject(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    return parseObject(bytes);
  } catch {
    return {};
  }
}

/**
 * Any failure as the caller's error. Nothing sent (`connect`) is worth a retry and cost nothing; after that the
 * model may have worked. Once an answer has begun, whatever breaks it is a broken stream.
 */
export function translatorOf(random: RandomBytes): Translate {
  return (error, within) => {
    if (error instanceof GatewayError) return error;
    if (error instanceof BedrockException) return bedrockError(error.failure, (random(1)[0] ?? 0) / 255);
    if (error instanceof TransportError && error.reason === 'timeout') {
      return new GatewayError('model_timeout', 'The model did not answer in time.', { cause: error });
    }
    if (error instanceof TransportError && error.reason === 'connect') {
      return new GatewayError('upstream_unavailable', 'Bedrock cannot be reached. Retry shortly.', {
        cause: error,
        retryAfterMs: 1_000,
      });
    }
    if (within === 'stream') {
      return new GatewayError(
        'model_stream_error',
        'The answer broke off before the model had finished it.',
        {
          cause: error,
        },
      );
    }
    return new GatewayError('upstream_connection_error', 'The connection to Bedrock broke.', {
      cause: error,
    });
  };
}
