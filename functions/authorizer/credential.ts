import type { APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { type ParsedKey, parseKey } from '../../shared/domain/api-key.ts';

/** Longer than any credential this product issues; what exceeds it is not looked at. */
const CREDENTIAL_LENGTH_MAX = 8192;
const BEARER = /^Bearer +([^\s]+) *$/i;

/**
 * The key that a request presents, in `Authorization: Bearer` (OpenAI's SDKs) or `x-api-key` (Anthropic's).
 * Undefined where there is none, where it is no key of ours, and where two headers disagree: which of two
 * credentials was meant is not ours to guess.
 */
export function presentedKey(
  event: Pick<APIGatewayRequestAuthorizerEvent, 'headers' | 'multiValueHeaders'>,
): ParsedKey | undefined {
  const bearers = valuesOf(event, 'authorization').map((value) => BEARER.exec(value)?.[1]);
  const presented = new Set([...bearers, ...valuesOf(event, 'x-api-key')]);
  const [only] = presented;
  return presented.size === 1 && only !== undefined ? parseKey(only) : undefined;
}

function valuesOf(
  event: Pick<APIGatewayRequestAuthorizerEvent, 'headers' | 'multiValueHeaders'>,
  name: string,
): readonly string[] {
  const multiple = entryOf(event.multiValueHeaders, name);
  const single = entryOf(event.headers, name);
  const values = multiple ?? (single === undefined ? [] : [single]);
  // An oversized value stays in the list as something that is no key, so that it still counts as a second credential.
  return values.map((value) => (value.length > CREDENTIAL_LENGTH_MAX ? '' : value));
}

function entryOf<Value>(headers: Record<string, Value | undefined> | null, name: string): Value | undefined {
  return Object.entries(headers ?? {}).find(([header]) => header.toLowerCase() === name)?.[1];
}
