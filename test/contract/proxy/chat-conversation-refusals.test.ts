import { dataUrl, GIF, MP3, PNG, TEXT, WAV, ZIP } from '../../support/media-samples.ts';
import { ASK, proxyFixture } from '../../support/proxy-fixture.ts';

type Refusal = readonly [what: string, fields: object, code: string, param: string];

const says = (...parts: readonly object[]) => ({ messages: [{ role: 'user', content: parts }] });
const image = (url: unknown) => ({ type: 'image_url', image_url: { url } });
const file = (fields: object) => ({ type: 'file', file: fields });
const PART = 'messages[0].content[0]';
const URL = `${PART}.image_url.url`;
const DATA = `${PART}.file.file_data`;
/** Of so many bytes, none of them decoded before they are counted. */
const bytes = (count: number): string => 'A'.repeat(Math.ceil(count / 3) * 4);
const IMAGES = Array.from({ length: 21 }, () => image(dataUrl(PNG)));
const DOCUMENTS = Array.from({ length: 6 }, () => file({ file_data: TEXT }));
const invalid = (what: string, fields: object, param: string): Refusal => [
  what,
  fields,
  'invalid_value',
  param,
];

const MEDIA: readonly Refusal[] = [
  ['an image by https', says(image('https://example.com/cat.png')), 'unsupported_value', URL],
  ['an image by http', says(image('HTTP://169.254.169.254/')), 'unsupported_value', URL],
  ['an image in a bucket', says(image('s3://bucket/cat.png')), 'unsupported_value', URL],
  invalid('an image by file', says(image('file:///etc/passwd')), URL),
  ['no image', says({ type: 'image_url' }), 'missing_required_parameter', `${PART}.image_url`],
  ['an image without url', says(image(null)), 'missing_required_parameter', URL],
  invalid('an image of text', says(image(dataUrl(TEXT, 'image/png'))), URL),
  invalid('an image that is a recording', says(image(dataUrl(WAV))), URL),
  invalid('an image without bytes', says(image('data:image/png;base64,')), URL),
  invalid('an image that is not base64', says(image('data:image/png,abc')), URL),
  invalid('base64 with a line break', says(image(`data:image/png;base64,${PNG.slice(0, 8)}\n`)), URL),
  invalid('base64 without padding', says(image(dataUrl('iVBORw0'))), URL),
  invalid('base64 of URLs', says(image(dataUrl('iVBO_-=='))), URL),
  invalid('an image above 3.75 MB', says(image(dataUrl(bytes(3_932_163)))), URL),
  invalid('21 images', says(...IMAGES), 'messages[0].content[20].image_url.url'),
  [
    'an unknown key of an image',
    says({ type: 'image_url', image_url: { url: dataUrl(PNG), size: 1 } }),
    'unsupported_parameter',
    `${PART}.image_url.size`,
  ],
  invalid(
    'an unknown detail',
    says({ type: 'image_url', image_url: { url: dataUrl(PNG), detail: 'x' } }),
    `${PART}.image_url.detail`,
  ),
  ['a stored file', says(file({ file_id: 'file-1' })), 'unsupported_parameter', `${PART}.file.file_id`],
  ['no file', says(file({})), 'missing_required_parameter', DATA],
  ['a file by https', says(file({ file_data: 'https://example.com/a.pdf' })), 'unsupported_value', DATA],
  invalid('bytes that are no text', says(file({ file_data: GIF, filename: 'a.txt' })), DATA),
  invalid('a text that says it is a PDF', says(file({ file_data: TEXT, filename: 'a.pdf' })), DATA),
  invalid('a ZIP of no known kind', says(file({ file_data: ZIP, filename: 'a.zip' })), DATA),
  invalid('a document above 4.5 MB', says(file({ file_data: bytes(4_718_595) })), DATA),
  invalid('6 documents', says(...DOCUMENTS), 'messages[0].content[5].file.file_data'),
  invalid(
    'a recording that is none',
    says({ type: 'input_audio', input_audio: { data: PNG, format: 'mp3' } }),
    `${PART}.input_audio.data`,
  ),
  invalid(
    'a recording in another format than it says',
    says({ type: 'input_audio', input_audio: { data: MP3, format: 'wav' } }),
    `${PART}.input_audio.format`,
  ),
  invalid(
    'a film that is none',
    says({ type: 'video_url', video_url: { url: dataUrl(PNG) } }),
    `${PART}.video_url.url`,
  ),
  [
    'an image of the assistant',
    { messages: [...ASK.messages, { role: 'assistant', content: [image(dataUrl(PNG))] }] },
    'unsupported_value',
    'messages[1].content[0].type',
  ],
  [
    'an image of the system',
    { messages: [{ role: 'system', content: [image(dataUrl(PNG))] }, ...ASK.messages] },
    'unsupported_value',
    'messages[0].content[0].type',
  ],
  ['a part nobody knows', says({ type: 'input_text', text: 'x' }), 'unsupported_value', `${PART}.type`],
];

const tool = (fields: object = {}, definition: object = {}) => ({
  type: 'function',
  function: { name: 'f', ...definition },
  ...fields,
});
const tools = (definition: object) => ({ tools: [tool({}, definition)] });
const chooses = (choice: unknown) => ({ tools: [tool()], tool_choice: choice });
const allows = (allowed: object) =>
  chooses({ type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [], ...allowed } });

const TOOLS: readonly Refusal[] = [
  ['a custom tool', { tools: [{ type: 'custom', custom: {} }] }, 'unsupported_value', 'tools[0].type'],
  invalid('a hosted tool', { tools: [{ type: 'web_search' }] }, 'tools[0].type'),
  ['a tool without type', { tools: [{}] }, 'missing_required_parameter', 'tools[0].type'],
  ['a tool that is text', { tools: ['f'] }, 'invalid_type', 'tools[0]'],
  [
    'a tool without function',
    { tools: [{ type: 'function' }] },
    'missing_required_parameter',
    'tools[0].function',
  ],
  ['a tool without name', tools({ name: null }), 'missing_required_parameter', 'tools[0].function.name'],
  invalid('a name with a dot', tools({ name: 'a.b' }), 'tools[0].function.name'),
  invalid('a name of 65 letters', tools({ name: 'f'.repeat(65) }), 'tools[0].function.name'),
  invalid('two tools of one name', { tools: [tool(), tool()] }, 'tools[1].function.name'),
  ['text as parameters', tools({ parameters: '{}' }), 'invalid_type', 'tools[0].function.parameters'],
  invalid(
    'parameters that are a list',
    tools({ parameters: { type: 'array' } }),
    'tools[0].function.parameters.type',
  ),
  ['an unknown key', tools({ stric: true }), 'unsupported_parameter', 'tools[0].function.stric'],
  invalid('a choice nobody knows', chooses('any'), 'tool_choice'),
  ['a choice of a custom tool', chooses({ type: 'custom' }), 'unsupported_value', 'tool_choice.type'],
  invalid(
    'a choice of no such tool',
    chooses({ type: 'function', function: { name: 'g' } }),
    'tool_choice.function.name',
  ),
  invalid('a choice that is required of no tools', { tool_choice: 'required' }, 'tool_choice'),
  invalid('no allowed tool', allows({}), 'tool_choice.allowed_tools.tools'),
  invalid(
    'an allowed tool that there is not',
    allows({ tools: [{ type: 'function', function: { name: 'g' } }] }),
    'tool_choice.allowed_tools.tools[0].function.name',
  ),
  invalid('an allowed mode nobody knows', allows({ mode: 'none' }), 'tool_choice.allowed_tools.mode'),
];

const call = (id: string, fields: object = {}) => ({
  id,
  type: 'function',
  function: { name: 'f', arguments: '{}', ...fields },
});
const calls = (...made: readonly object[]) => ({ role: 'assistant', content: null, tool_calls: made });
const result = (id: string) => ({ role: 'tool', tool_call_id: id, content: 'x' });
const history = (...messages: readonly object[]) => ({ messages: [...ASK.messages, ...messages] });
const CALL = 'messages[1].tool_calls[0]';

const HISTORY: readonly Refusal[] = [
  invalid('a result of no call', history(result('a')), 'messages[1].tool_call_id'),
  invalid('a result of another call', history(calls(call('a')), result('b')), 'messages[2].tool_call_id'),
  invalid('a second result', history(calls(call('a')), result('a'), result('a')), 'messages[3].tool_call_id'),
  invalid(
    'a result after other words',
    history(calls(call('a')), { role: 'user', content: 'x' }, result('a')),
    `${CALL}.id`,
  ),
  invalid('a call without result', history(calls(call('a'))), `${CALL}.id`),
  invalid(
    'one of two results',
    history(calls(call('a'), call('b')), result('b')),
    'messages[1].tool_calls[0].id',
  ),
  invalid('two calls of one id', history(calls(call('a'), call('a'))), 'messages[1].tool_calls[1].id'),
  ['a call without id', history(calls({ ...call('a'), id: '' })), 'missing_required_parameter', `${CALL}.id`],
  [
    'a result without id',
    history({ role: 'tool' }),
    'missing_required_parameter',
    'messages[1].tool_call_id',
  ],
  invalid('a call of no name', history(calls(call('a', { name: 'a b' }))), `${CALL}.function.name`),
  [
    'a call by object',
    history(calls(call('a', { arguments: {} }))),
    'invalid_type',
    `${CALL}.function.arguments`,
  ],
  invalid(
    'arguments that nest too deep',
    history(calls(call('a', { arguments: `{"a":${'['.repeat(65)}${']'.repeat(65)}}` }))),
    `${CALL}.function.arguments`,
  ),
  invalid(
    'arguments that write a prototype',
    history(calls(call('a', { arguments: '{"__proto__":1}' }))),
    `${CALL}.function.arguments.__proto__`,
  ),
  invalid(
    'arguments with half a surrogate pair',
    history(calls(call('a', { arguments: '{"a":"\\ud800"}' }))),
    `${CALL}.function.arguments.a`,
  ),
  [
    'a stored recording',
    history({ role: 'assistant', content: 'x', audio: { id: 'a' } }),
    'unsupported_parameter',
    'messages[1].audio',
  ],
  [
    'a number as a thought',
    history({ role: 'assistant', content: 'x', reasoning_content: 5 }),
    'invalid_type',
    'messages[1].reasoning_content',
  ],
  invalid(
    'a thought of no known kind',
    history({ role: 'assistant', content: 'x', thinking_blocks: [{ type: 'x' }] }),
    'messages[1].thinking_blocks[0].type',
  ),
];

const cached = (fields: object) => says({ type: 'text', text: 'x', ...fields });
const ANSWERS: readonly Refusal[] = [
  invalid(
    'a cache mark nobody knows',
    cached({ cache_control: { type: 'x' } }),
    `${PART}.cache_control.type`,
  ),
  invalid(
    'a cache mark for a day',
    cached({ cache_control: { type: 'ephemeral', ttl: '24h' } }),
    `${PART}.cache_control.ttl`,
  ),
  [
    'a breakpoint for half a day',
    cached({ prompt_cache_breakpoint: { mode: 'explicit', ttl: '12h' } }),
    'unsupported_value',
    `${PART}.prompt_cache_breakpoint.ttl`,
  ],
  invalid('cache options nobody knows', { prompt_cache_options: { mode: 'x' } }, 'prompt_cache_options.mode'),
  invalid('a format nobody knows', { response_format: { type: 'xml' } }, 'response_format.type'),
  [
    'a format without schema',
    { response_format: { type: 'json_schema', json_schema: { name: 'n' } } },
    'missing_required_parameter',
    'response_format.json_schema.schema',
  ],
  invalid(
    'a format of no name',
    { response_format: { type: 'json_schema', json_schema: { name: 'a b', schema: {} } } },
    'response_format.json_schema.name',
  ),
  invalid('an effort nobody knows', { reasoning_effort: 'extreme' }, 'reasoning_effort'),
  invalid(
    'too small a budget',
    { thinking: { type: 'enabled', budget_tokens: 9 } },
    'thinking.budget_tokens',
  ),
  ['no budget', { thinking: { type: 'enabled' } }, 'missing_required_parameter', 'thinking.budget_tokens'],
  invalid('an effort twice', { thinking: { type: 'adaptive' }, reasoning_effort: 'low' }, 'thinking'),
  invalid('a tier nobody knows', { service_tier: 'gold' }, 'service_tier'),
  ['a decimal as top_k', { top_k: 0.5 }, 'invalid_type', 'top_k'],
  invalid('a negative top_k', { top_k: -1 }, 'top_k'),
];

describe.each([
  ['media', MEDIA],
  ['tools', TOOLS],
  ['earlier calls', HISTORY],
  ['the answer', ANSWERS],
])('of %s, what no model could be given is refused with its field and without effect', (_, refusals) => {
  test.each(refusals)('%s', async (_what, fields, code, param) => {
    const proxy = proxyFixture();
    const refused = proxy.chat({ ...ASK, ...fields });
    await expect(refused).rejects.toMatchObject({ name: 'GatewayError', code, param });
    expect(proxy.order).toEqual([]);
  });
});

test('a refusal says what to do instead', async () => {
  const messageOf = (fields: object) =>
    proxyFixture()
      .chat({ ...ASK, ...fields })
      .catch((error: Error) => error.message);
  expect(await messageOf(says(image('https://example.com/cat.png')))).toBe(
    "Unsupported value: https URLs are not fetched here. Send the bytes themselves, as a data URL like 'data:image/png;base64,…'.",
  );
  expect(await messageOf({ functions: [{ name: 'f' }] })).toBe(
    "Unsupported parameter: 'functions' is not supported. Use 'tools'.",
  );
  expect(await messageOf({ reasoning_effort: 'extreme' })).toBe(
    "Invalid 'reasoning_effort': expected one of 'none', 'minimal', 'low', 'medium', 'high', 'xhigh' and 'max'.",
  );
});
