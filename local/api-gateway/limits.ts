/** API Gateway's and Lambda's quotas, from their developer guides; none can be raised. */

/** API Gateway's payload, in bytes. */
export const BODY_BYTES_MAX = 10 * 1024 * 1024;
/** Lambda's synchronous invocation payload, in bytes: the serialised event. */
export const EVENT_BYTES_MAX = 6 * 1024 * 1024;
/** Lambda's buffered response, in bytes: the serialised result. */
export const RESULT_BYTES_MAX = 6 * 1024 * 1024;
/** The request line and the header values together, in bytes. Beyond it: 431, as DEFAULT_4XX. */
export const HEADER_BYTES_MAX = 10_240;
/** Metadata of a streamed response must end within these first bytes. */
export const PRELUDE_BYTES_MAX = 16 * 1024;
/** Integration timeout where the template names none. */
export const INTEGRATION_TIMEOUT_MS = 29_000;
/** A Lambda authorizer's time, whatever its function's. */
export const AUTHORIZER_TIMEOUT_MS = 29_000;

/** Six bytes of JSON are the most that one byte of text becomes (`\u0000`). */
const JSON_GROWTH_MAX = 6;
/** No event but for its body, and no result but for its body, is as large as this. */
const ENVELOPE_BYTES_MAX = 512 * 1024;

/** Whether `value` is larger than `bytesMax` as JSON. `bodyLength` is its one part that can be large. */
export function exceedsAsJson(
  value: object,
  size: { readonly bodyLength: number; readonly bytesMax: number },
): boolean {
  // Serialising costs more than the whole rest of the gateway, and few requests come near the limit.
  if (size.bodyLength * JSON_GROWTH_MAX + ENVELOPE_BYTES_MAX <= size.bytesMax) return false;
  return Buffer.byteLength(JSON.stringify(value)) > size.bytesMax;
}
