/** Reads application/vnd.amazon.eventstream back: the headers that are strings, and the payload, of every frame. */

export interface Frame {
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
}

const PRELUDE_BYTES = 12;
const CRC_BYTES = 4;
const TYPE_STRING = 7;

/** The whole frames at the beginning of the bytes; a torn one at the end is left out. */
export function decodeFrames(bytes: Buffer): readonly Frame[] {
  const frames: Frame[] = [];
  let at = 0;
  while (at + PRELUDE_BYTES <= bytes.length) {
    const total = bytes.readUInt32BE(at);
    const headersEnd = at + PRELUDE_BYTES + bytes.readUInt32BE(at + 4);
    const end = at + total;
    if (total < PRELUDE_BYTES + CRC_BYTES || end > bytes.length || headersEnd > end - CRC_BYTES) break;
    frames.push({
      headers: decodeHeaders(bytes.subarray(at + PRELUDE_BYTES, headersEnd)),
      payload: bytes.toString('utf8', headersEnd, end - CRC_BYTES),
    });
    at = end;
  }
  return frames;
}

function decodeHeaders(bytes: Buffer): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  let at = 0;
  while (at < bytes.length) {
    const nameEnd = at + 1 + bytes.readUInt8(at);
    const name = bytes.toString('utf8', at + 1, nameEnd);
    // Bedrock sends strings only; the length of anything else is not known here.
    if (bytes.readUInt8(nameEnd) !== TYPE_STRING) break;
    const valueEnd = nameEnd + 3 + bytes.readUInt16BE(nameEnd + 1);
    headers[name] = bytes.toString('utf8', nameEnd + 3, valueEnd);
    at = valueEnd;
  }
  return headers;
}
