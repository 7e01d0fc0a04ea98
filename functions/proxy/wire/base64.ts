/** Bytes that a request carries as base64: bounded and checked without being decoded. */
import { refuseValue } from './refusal.ts';

export interface EncodedBytes {
  /** As it came: it goes to Bedrock unchanged. */
  readonly base64: string;
  /** Bytes that it stands for, at least 1. */
  readonly size: number;
}

const BASE64_ALPHABET = /[^A-Za-z0-9+/]/;

/** Refuses what is not RFC 4648 base64 with its padding, what is empty, and what stands for more than `bytesMax`. */
export function readBase64(
  base64: string,
  of: { readonly param: string; readonly bytesMax: number },
): EncodedBytes {
  const { param, bytesMax } = of;
  if (base64 === '') return refuseValue(param, 'there are no bytes in it.');
  // Four characters stand for three bytes: what is too long is refused before it is looked at.
  if (base64.length > Math.ceil(bytesMax / 3) * 4) return refuseSize(of);
  const end = base64.search(BASE64_ALPHABET);
  const padding = end === -1 ? '' : base64.slice(end);
  if (base64.length % 4 !== 0 || !['', '=', '=='].includes(padding)) {
    return refuseValue(param, 'expected base64 with its padding and without line breaks.');
  }
  const size = (base64.length / 4) * 3 - padding.length;
  return size > bytesMax ? refuseSize(of) : { base64, size };
}

const refuseSize = ({ param, bytesMax }: { readonly param: string; readonly bytesMax: number }): never =>
  refuseValue(param, `expected at most ${bytesMax} bytes.`);

/** The first bytes, at most 3 for every 4 of `characters`. */
export const headOf = (base64: string, characters: number): Buffer =>
  Buffer.from(base64.slice(0, characters), 'base64');
