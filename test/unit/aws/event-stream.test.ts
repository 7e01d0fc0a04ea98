import { createEventStreamDecoder, EventStreamError } from '../../../shared/aws/event-stream.ts';
import { eventFrame, exceptionFrame, frameOf } from '../../support/event-stream-frames.ts';

const FRAMES = [
  eventFrame({ kind: 'contentBlockDelta', payload: { delta: { text: 'Grüße 😀' } } }),
  exceptionFrame('throttlingException', 'Slow down.'),
  frameOf({}, ''),
  eventFrame({ kind: 'contentBlockDelta', payload: { delta: { text: 'x'.repeat(1000) } } }),
];
const EXPECTED = [
  {
    headers: {
      ':message-type': 'event',
      ':event-type': 'contentBlockDelta',
      ':content-type': 'application/json',
    },
    payload: '{"delta":{"text":"Grüße 😀"}}',
  },
  {
    headers: { ':message-type': 'exception', ':exception-type': 'throttlingException' },
    payload: '{"message":"Slow down."}',
  },
  { headers: {}, payload: '' },
  {
    headers: {
      ':message-type': 'event',
      ':event-type': 'contentBlockDelta',
      ':content-type': 'application/json',
    },
    payload: `{"delta":{"text":"${'x'.repeat(1000)}"}}`,
  },
];
const BYTES = Buffer.concat(FRAMES);

function decodeAll(pieces: readonly Buffer[]) {
  const decoder = createEventStreamDecoder();
  const frames = pieces.flatMap((piece) => {
    const decoded = decoder.decode(piece);
    if (decoded.corrupt !== undefined) throw decoded.corrupt;
    return decoded.frames;
  });
  decoder.end();
  return frames.map(({ headers, payload }) => ({ headers, payload: payload.toString() }));
}

test('frames of the SDK are read, however many come at once', () => {
  expect(decodeAll([BYTES])).toEqual(EXPECTED);
  expect(decodeAll(FRAMES)).toEqual(EXPECTED);
});

test('a stream torn at any byte is the same stream', () => {
  for (let at = 0; at <= BYTES.length; at += 1) {
    expect(decodeAll([BYTES.subarray(0, at), BYTES.subarray(at)])).toEqual(EXPECTED);
  }
  expect(decodeAll(Array.from(BYTES, (_, index) => BYTES.subarray(index, index + 1)))).toEqual(EXPECTED);
});

test('a stream that ends within a frame is no stream', () => {
  const [frame = Buffer.alloc(0)] = FRAMES;
  for (let length = 1; length < frame.length; length += 1) {
    expect(() => decodeAll([frame.subarray(0, length)])).toThrow(EventStreamError);
  }
});

test('a frame with any bit changed is refused', () => {
  const [frame = Buffer.alloc(0)] = FRAMES;
  for (let bit = 0; bit < frame.length * 8; bit += 1) {
    const changed = Buffer.from(frame);
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    expect(() => decodeAll([changed])).toThrow(EventStreamError);
  }
});

test('good frames in front of a corrupt one are given', () => {
  const [good = Buffer.alloc(0)] = FRAMES;
  const corrupt = Buffer.from(good);
  corrupt.writeUInt8(corrupt.readUInt8(corrupt.length - 1) ^ 1, corrupt.length - 1);
  const decoded = createEventStreamDecoder().decode(Buffer.concat([good, good, corrupt, good]));
  expect(decoded.frames.map(({ payload }) => payload.toString())).toEqual([
    EXPECTED[0]?.payload,
    EXPECTED[0]?.payload,
  ]);
  expect(decoded.corrupt).toBeInstanceOf(EventStreamError);
});
