/** What a proxy integration answers: status and headers, as a buffered result or a stream's metadata has them. */
import { isRecord } from './compiled-template.ts';
import { GatewayRefusal } from './gateway-response-types.ts';
import { HOP_BY_HOP } from './hop-by-hop.ts';

export interface ResponseHead {
  readonly status: number;
  /** Names and values in turn; a name may come twice. */
  readonly headers: readonly string[];
}

/** Headers that API Gateway does not let an integration set; they arrive under another name ("Important notes"). */
const REMAPPED: ReadonlySet<string> = new Set(['date', 'server', 'www-authenticate']);
/** Control characters have no place in a header value (RFC 9110 §5.5); the token rule is that of §5.6.2. */
const FIELD_VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Reads a result or metadata. Throws INTEGRATION_FAILURE where it is malformed. */
export function readResponseHead(written: unknown): ResponseHead {
  if (!isRecord(written)) return malformed('The response is no object.');
  const status = Number(written['statusCode'] ?? Number.NaN);
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    return malformed(`The response has the statusCode ${String(written['statusCode'])}.`);
  }
  const headers: string[] = [];
  const multiValue = readMultiValue(written['multiValueHeaders']);
  for (const [name, values] of multiValue) for (const value of values) push(headers, name, value);
  const taken = new Set(multiValue.map(([name]) => name.toLowerCase()));
  for (const [name, value] of mapOf(written['headers'], 'headers')) {
    // Where both maps name a header, only the list counts.
    if (value !== null && value !== undefined && !taken.has(name.toLowerCase())) push(headers, name, value);
  }
  for (const cookie of listOf(written['cookies'] ?? [], 'cookies')) push(headers, 'set-cookie', cookie);
  return { status, headers };
}

/** Whether a list of names and values has a name, given in lower case. */
export function hasHeader(headers: readonly string[], lowerName: string): boolean {
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index]?.toLowerCase() === lowerName) return true;
  }
  return false;
}

function push(headers: string[], name: string, value: unknown): void {
  const lower = name.toLowerCase();
  // The length is the gateway's own to say.
  if (HOP_BY_HOP.has(lower) || lower === 'content-length') return;
  const text = typeof value === 'object' ? undefined : String(value);
  if (text === undefined || !FIELD_NAME.test(name) || !FIELD_VALUE.test(text)) {
    malformed(`The response header ${JSON.stringify(name)} cannot be sent.`);
  }
  headers.push(REMAPPED.has(lower) ? `x-amzn-Remapped-${name}` : name, text);
}

const readMultiValue = (written: unknown): readonly (readonly [string, readonly unknown[]])[] =>
  mapOf(written, 'multiValueHeaders').map(([name, values]) => [name, listOf(values, name)] as const);

function mapOf(written: unknown, property: string): readonly (readonly [string, unknown])[] {
  if (written === undefined || written === null) return [];
  return isRecord(written) ? Object.entries(written) : malformed(`${property} is no map.`);
}

function listOf(written: unknown, property: string): readonly unknown[] {
  return Array.isArray(written) ? written : malformed(`${property} is no list.`);
}

/** Throws the refusal of what a function answered. */
export function malformed(why: string): never {
  throw malformedResponse(why);
}

/** The refusal of what a function answered: the caller learns nothing of it, the report does. */
export const malformedResponse = (why: string): GatewayRefusal =>
  new GatewayRefusal('INTEGRATION_FAILURE', { cause: new Error(`Malformed Lambda response: ${why}`) });
