/**
 * AWS's event stream, decoded as it comes in, torn anywhere. A frame on the wire:
 * `u32 total | u32 headers length | u32 crc32(first 8 bytes) | headers | payload | u32 crc32(all before)`,
 * a header: `u8 name length | name | u8 type | u16 value length | value` where the type is 7, a string.
 * Source: Smithy specification, "Amazon Event Stream".
 */
import { crc32 } from 'node:zlib';

/** A frame whose sums were right. */
export interface EventStreamFrame {
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Buffer;
}

/** The bytes are no event stream, or not all of them came. */
export class EventStreamError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'EventStreamError';
  }
}

export interface DecodedFrames {
  /** Whole and right, in their order. */
  readonly frames: readonly EventStreamFrame[];
  /** What is wrong with the bytes after them; nothing more can be decoded then. */
  readonly corrupt?: EventStreamError;
}

export interface EventStreamDecoder {
  /** The frames that these bytes complete: the good ones in front of a corrupt one are not lost. */
  decode(bytes: Buffer): DecodedFrames;
  /** Throws EventStreamError where the stream ends within a frame. */
  end(): void;
}

const PRELUDE_LENGTH = 12;
const CRC_LENGTH = 4;
/** AWS's bounds of a frame are below this; a larger length is corruption that its sum happened to miss. */
const FRAME_LENGTH_MAX = 24 * 1024 * 1024;
/** A stream has a handful of distinct header blocks; no more than these are remembered. */
const HEADER_BLOCKS_MAX = 16;

const HEADER_TYPE_BOOL_TRUE = 0;
const HEADER_TYPE_BOOL_FALSE = 1;
const HEADER_TYPE_BYTES = 6;
const HEADER_TYPE_STRING = 7;
/** Bytes of the value of each type that has a fixed length: byte, short, integer, long, timestamp, uuid. */
const FIXED_LENGTHS: Readonly<Record<number, number>> = {
  [HEADER_TYPE_BOOL_TRUE]: 0,
  [HEADER_TYPE_BOOL_FALSE]: 0,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  8: 8,
  9: 16,
};

/** A decoder of one stream. Its state is the bytes of a frame not complete yet, and header blocks seen before. */
export function createEventStreamDecoder(): EventStreamDecoder {
  let rest: Buffer | undefined;
  const headersOf = rememberHeaders();
  return {
    decode(bytes) {
      const buffer = rest === undefined ? bytes : Buffer.concat([rest, bytes]);
      const frames: EventStreamFrame[] = [];
      let start = 0;
      try {
        while (buffer.length - start >= PRELUDE_LENGTH) {
          const length = frameLength(buffer, start);
          if (buffer.length - start < length) break;
          frames.push(readFrame(buffer.subarray(start, start + length), headersOf));
          start += length;
        }
      } catch (error) {
        if (!(error instanceof EventStreamError)) throw error;
        return { frames, corrupt: error };
      }
      rest = start === buffer.length ? undefined : buffer.subarray(start);
      return { frames };
    },
    end() {
      if (rest !== undefined) throw new EventStreamError('The event stream ended within a frame.');
    },
  };
}

/** Checked before waiting for the rest, so that a corrupt length is not waited for. */
function frameLength(buffer: Buffer, start: number): number {
  const length = buffer.readUInt32BE(start);
  const prelude = buffer.subarray(start, start + PRELUDE_LENGTH - CRC_LENGTH);
  if (crc32(prelude) !== buffer.readUInt32BE(start + prelude.length)) {
    throw new EventStreamError('The sum of a frame prelude is wrong.');
  }
  const headersLength = buffer.readUInt32BE(start + 4);
  if (length > FRAME_LENGTH_MAX || length < PRELUDE_LENGTH + headersLength + CRC_LENGTH) {
    throw new EventStreamError('A frame has an impossible length.');
  }
  return length;
}

function readFrame(
  frame: Buffer,
  headersOf: (block: Buffer) => EventStreamFrame['headers'],
): EventStreamFrame {
  const end = frame.length - CRC_LENGTH;
  if (crc32(frame.subarray(0, end)) !== frame.readUInt32BE(end)) {
    throw new EventStreamError('The sum of a frame is wrong.');
  }
  const payloadStart = PRELUDE_LENGTH + frame.readUInt32BE(4);
  return {
    headers: headersOf(frame.subarray(PRELUDE_LENGTH, payloadStart)),
    payload: frame.subarray(payloadStart, end),
  };
}

/** The same few header blocks come thousands of times; finding one is cheaper than reading it. */
function rememberHeaders(): (block: Buffer) => EventStreamFrame['headers'] {
  const known = new Map<string, EventStreamFrame['headers']>();
  return (block) => {
    const text = block.toString('latin1');
    const found = known.get(text);
    if (found !== undefined) return found;
    const headers = readHeaders(block);
    if (known.size < HEADER_BLOCKS_MAX) known.set(text, headers);
    return headers;
  };
}

function readHeaders(block: Buffer): EventStreamFrame['headers'] {
  const headers: Record<string, string> = {};
  let at = 0;
  while (at < block.length) {
    const nameEnd = at + 1 + byteAt(block, at);
    const name = block.toString('utf8', at + 1, nameEnd);
    const type = byteAt(block, nameEnd);
    const fixed = FIXED_LENGTHS[type];
    if (fixed === undefined && type !== HEADER_TYPE_STRING && type !== HEADER_TYPE_BYTES) {
      throw new EventStreamError('A header has an unknown type.');
    }
    const valueStart = nameEnd + (fixed === undefined ? 3 : 1);
    const length = fixed ?? byteAt(block, nameEnd + 1) * 256 + byteAt(block, nameEnd + 2);
    at = valueStart + length;
    if (at > block.length) throw new EventStreamError('A header exceeds its block.');
    if (type === HEADER_TYPE_STRING) headers[name] = block.toString('utf8', valueStart, at);
  }
  return headers;
}

function byteAt(block: Buffer, index: number): number {
  const byte = block[index];
  if (byte === undefined) throw new EventStreamError('A header exceeds its block.');
  return byte;
}
