import { isRecord } from './compiled-template.ts';
import { GatewayRefusal } from './gateway-response-types.ts';
import { malformed, type ResponseHead, readResponseHead } from './integration-response.ts';
import { type InvocationDeps, InvocationTimeout, invokeBuffered } from './invocation.ts';
import type { LoadedFunction } from './lambda-module.ts';
import { exceedsAsJson, RESULT_BYTES_MAX } from './limits.ts';

export interface BufferedAnswer extends ResponseHead {
  readonly body: string;
}

/**
 * Invokes a function and reads its result. A base64 body stays base64: no media type is binary here. Rejects
 * with INTEGRATION_TIMEOUT or, where the function failed, streams, answered nonsense or more than 6 MiB, with
 * INTEGRATION_FAILURE.
 */
export async function answerBuffered(
  deps: InvocationDeps,
  integration: LoadedFunction,
  of: { readonly event: unknown; readonly limitMs: number },
): Promise<BufferedAnswer> {
  if (integration.kind === 'streaming') {
    return malformed('The function is streamified, and its method is not STREAM.');
  }
  const result = await invokeBuffered(deps, integration, of).catch(refuseFailure);
  const head = readResponseHead(result);
  const body = bodyOf(result);
  if (exceedsAsJson(Object(result), { bodyLength: body.length, bytesMax: RESULT_BYTES_MAX })) {
    return malformed('The response is larger than 6 MiB.');
  }
  return { ...head, body };
}

function bodyOf(result: unknown): string {
  const body = isRecord(result) ? result['body'] : undefined;
  if (body === undefined || body === null) return '';
  return typeof body === 'string' ? body : malformed('The body is no text.');
}

function refuseFailure(cause: unknown): never {
  const timedOut = cause instanceof InvocationTimeout;
  throw new GatewayRefusal(timedOut ? 'INTEGRATION_TIMEOUT' : 'INTEGRATION_FAILURE', { cause });
}
