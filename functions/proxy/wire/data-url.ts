/** `data:` URLs (RFC 2397), the one form of URL that is read here. */
import { refuseUnsupportedValue, refuseValue } from './refusal.ts';

export interface DataUrl {
  /** Lower case, without parameters; empty where the URL names none. */
  readonly mediaType: string;
  readonly base64: string;
}

const HEAD_MAX = 256;

/**
 * Reads one. Other URLs are refused: nothing is fetched for a caller, who could make it reach what only this service
 * can, and a bucket would be read with the service's rights.
 */
export function readDataUrl(url: string, param: string): DataUrl {
  if (!/^data:/i.test(url.slice(0, 5))) return refuseOtherUrl(url, param);
  const comma = url.slice(0, HEAD_MAX).indexOf(',');
  const head = url.slice('data:'.length, Math.max(comma, 0)).toLowerCase();
  if (comma === -1 || !head.endsWith(';base64')) {
    return refuseValue(param, "expected a data URL like 'data:image/png;base64,…'.");
  }
  return { mediaType: head.split(';')[0]?.trim() ?? '', base64: url.slice(comma + 1) };
}

function refuseOtherUrl(url: string, param: string): never {
  const scheme = /^(https?|s3):/i.exec(url.slice(0, 6))?.[1]?.toLowerCase();
  if (scheme === undefined) return refuseValue(param, "expected a data URL like 'data:image/png;base64,…'.");
  return refuseUnsupportedValue(
    param,
    `${scheme} URLs are not fetched here. Send the bytes themselves, as a data URL like 'data:image/png;base64,…'.`,
  );
}
