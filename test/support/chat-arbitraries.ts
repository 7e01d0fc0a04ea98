/**
 * Requests for chat completions: valid ones of every kind, with thoughts signed as the emulator signs, and ones with
 * something wrong anywhere.
 */
import fc from 'fast-check';
import { redactReasoning, signReasoning } from '../../local/bedrock/reasoning.ts';
import * as media from './media-samples.ts';

const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).map((text) => `a${text}`);
const toolName = fc.constantFrom('add', 'look_up', 'f-1');
const mark = fc.option(
  fc.constantFrom(
    { cache_control: { type: 'ephemeral' } },
    { cache_control: { type: 'ephemeral', ttl: '1h' } },
    { prompt_cache_breakpoint: { mode: 'explicit', ttl: '30m' } },
  ),
  { nil: {} },
);
const marked = (part: fc.Arbitrary<object>): fc.Arbitrary<object> =>
  fc.tuple(part, mark).map(([one, marks]) => ({ ...one, ...marks }));

const textPart = marked(word.map((text) => ({ type: 'text', text })));
const image = fc
  .constantFrom(media.PNG, media.JPEG, media.GIF, media.WEBP)
  .map((base64) => ({ type: 'image_url', image_url: { url: media.dataUrl(base64) } }));
const file = fc
  .tuple(fc.constantFrom([media.PDF, 'pdf'], [media.TEXT, 'md'], [media.ZIP, 'docx']), word)
  .map(([[file_data, ending], stem]) => ({
    type: 'file',
    file: { file_data, filename: `${stem}.${ending}` },
  }));
const audio = fc.constant({ type: 'input_audio', input_audio: { data: media.WAV, format: 'wav' } });
const userPart = fc.oneof(
  { weight: 6, arbitrary: textPart },
  { weight: 2, arbitrary: marked(image) },
  file,
  audio,
);
const content = (part: fc.Arbitrary<object>): fc.Arbitrary<unknown> =>
  fc.oneof(word, fc.array(part, { minLength: 1, maxLength: 3 }));

const user = content(userPart).map((said) => [{ role: 'user', content: said }]);
const system = fc
  .tuple(fc.constantFrom('system', 'developer'), content(textPart))
  .map(([role, said]) => [{ role, content: said }]);
const thoughts = fc.constantFrom(
  {},
  { reasoning_content: 'Hm.' },
  { reasoning_content: 'Hm.', reasoning_signature: signReasoning('Hm.') },
  { thinking_blocks: [{ type: 'redacted_thinking', data: redactReasoning('Hm.') }] },
);
const assistant = fc
  .tuple(content(textPart), thoughts)
  .map(([said, thought]) => [{ role: 'assistant', content: said, ...thought }]);
const call = fc.record({
  name: toolName,
  arguments: fc.oneof(fc.json({ maxDepth: 3 }), fc.constantFrom('', '{', '{"a":1}')),
});
/** An answer that calls tools, and their results in any order. */
const calling = fc
  .tuple(fc.array(call, { minLength: 1, maxLength: 3 }), thoughts, fc.nat(), fc.boolean())
  .map(([calls, thought, seed, isReversed]) => {
    const tool_calls = calls.map((called, index) => ({
      id: `call|${seed} ${index}`,
      type: 'function',
      function: called,
    }));
    const results = tool_calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: '' }));
    return [
      { role: 'assistant', content: null, tool_calls, ...thought },
      ...(isReversed ? results.reverse() : results),
    ];
  });
const messages = fc
  .tuple(user, fc.array(fc.oneof(user, system, assistant, calling), { maxLength: 5 }), user)
  .map(([first, more, last]) => [...first, ...more.flat(), ...last]);

const schema = fc.constantFrom(
  { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false },
  { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object', properties: {} },
);
const tool = fc.record({ description: word, parameters: schema, strict: fc.boolean() }, { requiredKeys: [] });
const tools = fc
  .tuple(fc.subarray(['add', 'look_up', 'f-1'], { minLength: 1 }), tool)
  .map(([names, fields]) => names.map((name) => ({ type: 'function', function: { name, ...fields } })));
const toolFields = fc
  .tuple(tools, fc.constantFrom('auto', 'none', 'required', 'first', 'allowed'), fc.boolean())
  .map(([declared, choice, parallel_tool_calls]) => {
    const [first] = declared;
    const named: ReadonlyMap<string, unknown> = new Map<string, unknown>([
      ['first', first],
      ['allowed', { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [first] } }],
    ]);
    const tool_choice = named.get(choice) ?? choice;
    return { tools: declared, tool_choice: nameOnly(tool_choice), parallel_tool_calls };
  });

/** A choice names a tool and declares none. */
const nameOnly = (choice: unknown): unknown =>
  JSON.parse(JSON.stringify(choice), (key, value: unknown) =>
    key === 'function' ? { name: Reflect.get(Object(value), 'name') } : value,
  );

const options = fc.record(
  {
    max_completion_tokens: fc.integer({ min: 1, max: 4096 }),
    temperature: fc.double({ min: 0, max: 2, noNaN: true }),
    top_p: fc.double({ min: 0, max: 1, noNaN: true }),
    top_k: fc.integer({ min: 0, max: 500 }),
    stop: fc.oneof(word, fc.array(word, { maxLength: 4 })),
    stream: fc.boolean(),
    reasoning_effort: fc.constantFrom('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'),
    response_format: fc.oneof(
      fc.constant({ type: 'json_object' }),
      schema.map((one) => ({ type: 'json_schema', json_schema: { name: 'n', schema: one, strict: true } })),
    ),
    service_tier: fc.constantFrom('auto', 'default', 'flex', 'priority', 'fast'),
    prompt_cache_options: fc.constantFrom({}, { mode: 'explicit' }, { ttl: '30m' }),
    metadata: fc.dictionary(word, word, { maxKeys: 3 }),
    seed: fc.integer(),
    user: word,
  },
  { requiredKeys: [] },
);

/** A request that breaks no rule but, perhaps, the model's own. */
export const validChat = (models: readonly string[]): fc.Arbitrary<Readonly<Record<string, unknown>>> =>
  fc
    .tuple(fc.constantFrom(...models), messages, options, fc.option(toolFields, { nil: {} }))
    .map(([model, said, more, toolUse]) => ({ model, messages: said, ...more, ...toolUse }));

/** A valid request in which a value somewhere was exchanged for any other, or a key was added. */
export const spoiltChat = (models: readonly string[]): fc.Arbitrary<unknown> =>
  fc.tuple(validChat(models), fc.nat(), fc.jsonValue({ maxDepth: 2 }), fc.boolean()).map(spoil);

function spoil([body, at, value, isAdded]: [
  Readonly<Record<string, unknown>>,
  number,
  unknown,
  boolean,
]): unknown {
  let places = 0;
  JSON.stringify(body, (_key, item: unknown) => {
    places += 1;
    return item;
  });
  const place = at % places;
  let seen = -1;
  return JSON.parse(
    JSON.stringify(body, (_key, item: unknown) => {
      seen += 1;
      if (seen !== place) return item;
      return isAdded && typeof item === 'object' ? { ...item, extra: value } : value;
    }),
  );
}
