import { EventStreamCodec } from '@smithy/core/event-streams';
import { fromUtf8, toUtf8 } from '@smithy/core/serde';
import fc from 'fast-check';
import { encodeFrame, eventHeaders, exceptionHeaders } from '../../../local/bedrock/event-frame.ts';

const codec = new EventStreamCodec(toUtf8, fromUtf8);

describe('a frame made by hand', () => {
  it.each([
    ['event', ':event-type', eventHeaders],
    ['exception', ':exception-type', exceptionHeaders],
  ] as const)('of an %s is the frame of the SDK, byte for byte', (messageType, typeHeader, headersOf) => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 60, unit: 'binary' }),
        fc.string({ maxLength: 300, unit: 'binary' }),
        (type, payload) => {
          const expected = codec.encode({
            headers: {
              [typeHeader]: { type: 'string', value: type },
              ':content-type': { type: 'string', value: 'application/json' },
              ':message-type': { type: 'string', value: messageType },
            },
            body: fromUtf8(payload),
          });
          expect(Buffer.from(encodeFrame(headersOf(type), payload)).equals(expected)).toBe(true);
        },
      ),
    );
  });

  it('survives a payload of 100 KB', () => {
    const payload = '🍐'.repeat(25_000);
    expect(toUtf8(codec.decode(encodeFrame(eventHeaders('chunk'), payload)).body)).toBe(payload);
  });
});
