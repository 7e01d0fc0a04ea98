import fc from 'fast-check';
import { type AnswerReading, readerOf } from '../../../../functions/proxy/bedrock/answer-reading.ts';
import type { ModelEvent } from '../../../../shared/domain/model-event.ts';

const STOP: ModelEvent = { type: 'message-stop', reason: 'end' };
const CALLED: ModelEvent = { type: 'message-stop', reason: 'tool-calls' };
const text = (of: string): ModelEvent => ({ type: 'text-delta', text: of });
const start = (call: number, name: string): ModelEvent => ({
  type: 'tool-call-start',
  call,
  id: `id-${call}`,
  name,
});
const piece = (call: number, json: string): ModelEvent => ({ type: 'tool-call-delta', call, json });
const end = (call: number): ModelEvent => ({ type: 'tool-call-stop', call });

/** The events, each a batch of its own, with texts that follow each other joined. */
function read(reading: AnswerReading, events: readonly ModelEvent[]): readonly ModelEvent[] {
  const reader = readerOf(reading);
  const joined: ModelEvent[] = [];
  for (const event of events.flatMap((one) => reader.read([one]))) {
    const last = joined.at(-1);
    if (last?.type === 'text-delta' && event.type === 'text-delta') {
      joined[joined.length - 1] = text(last.text + event.text);
    } else {
      joined.push(event);
    }
  }
  return joined;
}

describe('an answer as the arguments of a tool', () => {
  const BY_TOOL = { answerTool: 'json_answer' };

  test('is text, and what is said beside it is not', () => {
    const events = [
      text('Here:'),
      start(0, 'json_answer'),
      piece(0, '{"a"'),
      piece(0, ':1}'),
      end(0),
      CALLED,
    ];
    expect(read(BY_TOOL, events)).toEqual([text('{"a":1}'), STOP]);
  });

  test('is not joined by a second', () => {
    const twice = [0, 1].flatMap((call) => [start(call, 'json_answer'), piece(call, '{}'), end(call)]);
    expect(read(BY_TOOL, [...twice, CALLED])).toEqual([text('{}'), STOP]);
  });

  test('leaves the caller’s own calls, counted without a gap', () => {
    const events = [
      start(0, 'json_answer'),
      piece(0, '{}'),
      end(0),
      start(1, 'weather'),
      piece(1, '{"x":1}'),
      end(1),
      CALLED,
    ];
    expect(read(BY_TOOL, events)).toEqual([
      text('{}'),
      { ...start(1, 'weather'), call: 0 },
      piece(0, '{"x":1}'),
      end(0),
      CALLED,
    ]);
  });

  test('that the model gave as text after all is that text', () => {
    expect(read(BY_TOOL, [text('{"a":'), text('1}'), STOP])).toEqual([text('{"a":1}'), STOP]);
  });

  test('that was cut off stays cut off', () => {
    const cut: ModelEvent = { type: 'message-stop', reason: 'length' };
    expect(read(BY_TOOL, [start(0, 'json_answer'), piece(0, '{"a'), end(0), cut])).toEqual([
      text('{"a'),
      cut,
    ]);
  });
});

describe('an answer as the first JSON of a text', () => {
  test.each([
    ['within words', '{', 'Sure! ```json\n{"a":{"b":"}"}}\n``` Bye {}', '{"a":{"b":"}"}}'],
    ['with escapes', '{', String.raw`{"a":"\"}\\"} x`, String.raw`{"a":"\"}\\"}`],
    ['a list', '[', 'So: [1,[2]] and [3]', '[1,[2]]'],
    ['cut off', '{', 'So: {"a":1', '{"a":1'],
    ['where there is none', '{', 'I cannot.', 'I cannot.'],
  ] as const)('%s', (_, opening, said, expected) => {
    expect(read({ firstJson: opening }, [text(said), STOP])).toEqual([text(expected), STOP]);
  });

  test('is the same however the text is torn, whatever stands around it', () => {
    const around = fc.string({ maxLength: 20 });
    const property = fc.property(
      around.filter((words) => !words.includes('{')),
      fc.dictionary(fc.string(), fc.jsonValue()),
      around,
      fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 }),
      (before, value, after, sizes) => {
        const json = JSON.stringify(value);
        const pieces = torn(before + json + after, sizes).map(text);
        expect(read({ firstJson: '{' }, [...pieces, STOP])).toEqual([text(json), STOP]);
      },
    );
    fc.assert(property, { numRuns: 500 });
  });
});

function torn(whole: string, sizes: readonly number[]): readonly string[] {
  const pieces: string[] = [];
  for (let at = 0; at < whole.length; ) {
    const size = sizes[pieces.length % sizes.length] ?? 1;
    pieces.push(whole.slice(at, at + size));
    at += size;
  }
  return pieces;
}

test('an answer that comes as it is stays as it is', () => {
  const events = [text('a'), start(0, 'json_answer'), end(0), CALLED];
  expect(read('as-it-comes', events)).toEqual(events);
});
