/**
 * Frames of application/vnd.amazon.eventstream
 * (https://smithy.io/2.0/aws/amazon-eventstream.html): total length, header length, CRC of both, headers, payload,
 * CRC of everything before. Made by hand because a benchmark's upstream must cost less than what it measures;
 * a test holds every frame equal, byte for byte, to those of the SDK's EventStreamCodec.
 */
import { crc32 } from 'node:zlib';

const PRELUDE_BYTES = 12;
const CRC_BYTES = 4;
const TYPE_STRING = 7;

/** The headers of a kind of frame, encoded once. */
export type FrameHeaders = Buffer;

export const eventHeaders = (eventType: string): FrameHeaders =>
  encodeHeaders([
    [':event-type', eventType],
    [':content-type', 'application/json'],
    [':message-type', 'event'],
  ]);

export const exceptionHeaders = (exceptionType: string): FrameHeaders =>
  encodeHeaders([
    [':exception-type', exceptionType],
    [':content-type', 'application/json'],
    [':message-type', 'exception'],
  ]);

/** One whole frame. */
export function encodeFrame(headers: FrameHeaders, payload: string): Buffer {
  const headersEnd = PRELUDE_BYTES + headers.length;
  const payloadBytes = Buffer.byteLength(payload);
  const frame = Buffer.allocUnsafe(headersEnd + payloadBytes + CRC_BYTES);
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt32BE(headers.length, 4);
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
  headers.copy(frame, PRELUDE_BYTES);
  frame.write(payload, headersEnd, payloadBytes, 'utf8');
  frame.writeUInt32BE(crc32(frame.subarray(0, headersEnd + payloadBytes)), headersEnd + payloadBytes);
  return frame;
}

/** An exception as a frame of its own. */
export const encodeException = (type: string, message: string): Buffer =>
  encodeFrame(exceptionHeaders(type), JSON.stringify({ message }));

function encodeHeaders(headers: readonly (readonly [name: string, value: string])[]): FrameHeaders {
  return Buffer.concat(
    headers.map(([name, value]) => {
      const length = Buffer.byteLength(value);
      const valueHead = Buffer.from([TYPE_STRING, length >> 8, length & 0xff]);
      return Buffer.concat([
        Buffer.from([Buffer.byteLength(name)]),
        Buffer.from(name),
        valueHead,
        Buffer.from(value),
      ]);
    }),
  );
}
