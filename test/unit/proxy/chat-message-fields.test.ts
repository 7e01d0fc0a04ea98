/** Every field of openai's messages, content parts and tool calls is decided. One without a case does not compile. */
import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionContentPart,
  ChatCompletionContentPartImage,
  ChatCompletionContentPartInputAudio,
  ChatCompletionContentPartRefusal,
  ChatCompletionContentPartText,
  ChatCompletionDeveloperMessageParam,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam,
  ChatCompletionSystemMessageParam,
  ChatCompletionToolMessageParam,
  ChatCompletionUserMessageParam,
} from 'openai/resources/chat/completions';
import { asks, describeFields, type FieldCase, honoured, said } from '../../support/chat-field-cases.ts';
import { dataUrl, PDF, PNG, WAV } from '../../support/media-samples.ts';
import { ASK } from '../../support/proxy-fixture.ts';

const NAMED = { ignores: ['messages.name'] };
const hi = { type: 'text', text: 'Hi' };
/** After the user's first word. */
const then = (message: object, messages: readonly object[]): FieldCase =>
  honoured({ messages: [...ASK.messages, message] }, { messages: [...said('Hi'), ...messages] });
const USER = {
  role: honoured({ messages: [{ role: 'user', content: 'Hi' }] }, { messages: said('Hi') }),
  content: honoured({ messages: [{ role: 'user', content: [hi] }] }, { messages: said('Hi') }),
  name: { ...honoured({ messages: [{ role: 'user', content: 'Hi', name: 'n' }] }, {}), ...NAMED },
} satisfies Readonly<Record<keyof ChatCompletionUserMessageParam, FieldCase>>;
const hoisted = (message: object): FieldCase =>
  honoured(
    { messages: [...ASK.messages, { content: 'Be brief.', ...message }] },
    { system: [{ type: 'text', text: 'Be brief.' }], messages: said('Hi') },
  );
const SYSTEM = {
  role: hoisted({ role: 'system' }),
  content: hoisted({ role: 'system', content: [{ type: 'text', text: 'Be brief.' }] }),
  name: { ...hoisted({ role: 'system', name: 'n' }), ...NAMED },
} satisfies Readonly<Record<keyof ChatCompletionSystemMessageParam, FieldCase>>;
const DEVELOPER = {
  role: hoisted({ role: 'developer' }),
  content: hoisted({ role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] }),
  name: { ...hoisted({ role: 'developer', name: 'n' }), ...NAMED },
} satisfies Readonly<Record<keyof ChatCompletionDeveloperMessageParam, FieldCase>>;
const answered = [{ role: 'assistant', content: [hi] }];
const assistant = (fields: object): object => ({ role: 'assistant', content: 'Hi', ...fields });
const refusedOf = (fields: object, param: string): FieldCase => ({
  body: asks({ messages: [...ASK.messages, assistant(fields)] }),
  refuses: ['unsupported_parameter', `messages[1].${param}`],
});
const ASSISTANT = {
  role: then(assistant({}), answered),
  content: then(assistant({ content: [hi] }), answered),
  refusal: then(assistant({ content: null, refusal: 'Hi' }), answered),
  name: { ...then(assistant({ name: 'n' }), answered), ...NAMED },
  audio: refusedOf({ audio: { id: 'a' } }, 'audio'),
  function_call: refusedOf({ function_call: { name: 'f', arguments: '' } }, 'function_call'),
  tool_calls: called({}, {}),
} satisfies Readonly<Record<keyof ChatCompletionAssistantMessageParam, FieldCase>>;
const TOOL = {
  role: called({}, {}),
  content: called({}, {}),
  tool_call_id: called({ id: 'call_x' }, { id: 'call_x' }),
} satisfies Readonly<Record<keyof ChatCompletionToolMessageParam, FieldCase>>;
const ROLES = {
  developer: DEVELOPER.role,
  system: SYSTEM.role,
  user: USER.role,
  assistant: ASSISTANT.role,
  tool: TOOL.role,
  function: {
    body: asks({ messages: [...ASK.messages, { role: 'function', name: 'f', content: 'x' }] }),
    refuses: ['unsupported_value', 'messages[1].role'],
  },
} satisfies Readonly<Record<ChatCompletionMessageParam['role'], FieldCase>>;

const AT = 'messages[0].content[0]';
const sends = (...parts: readonly object[]): object =>
  asks({ messages: [{ role: 'user', content: [...parts, { type: 'text', text: 'x' }] }] });
const sent = (part: object, ...blocks: readonly object[]): FieldCase => ({
  body: sends(part),
  reads: { command: { messages: [{ role: 'user', content: [...blocks, { type: 'text', text: 'x' }] }] } },
});
const BREAK = { prompt_cache_breakpoint: { mode: 'explicit' } };
const IMAGE = { type: 'image', format: 'png', base64: PNG, size: Buffer.from(PNG, 'base64').length };
const AUDIO = { type: 'audio', format: 'wav', base64: WAV, size: 16 };
const DOCUMENT = { type: 'document', format: 'pdf', base64: PDF, size: 17, name: 'document-1' };
const image = (fields: object = {}) => ({
  type: 'image_url',
  image_url: { url: dataUrl(PNG), ...fields },
});
const audio = { type: 'input_audio', input_audio: { data: WAV, format: 'wav' } };
const file = (fields: object = {}) => ({ type: 'file', file: { file_data: dataUrl(PDF), ...fields } });
const POINT = { type: 'cache-point' };

const TEXT_PART = {
  type: sent({ type: 'text', text: 'Hi' }, { type: 'text', text: 'Hi' }),
  text: sent({ type: 'text', text: '' }),
  prompt_cache_breakpoint: sent({ type: 'text', text: 'Hi', ...BREAK }, { type: 'text', text: 'Hi' }, POINT),
} satisfies Readonly<Record<keyof ChatCompletionContentPartText, FieldCase>>;
const IMAGE_PART = {
  type: sent(image(), IMAGE),
  image_url: sent(image(), IMAGE),
  prompt_cache_breakpoint: sent({ ...image(), ...BREAK }, IMAGE, POINT),
} satisfies Readonly<Record<keyof ChatCompletionContentPartImage, FieldCase>>;
const IMAGE_URL = {
  url: {
    body: sends(image({ url: 'https://example.com/a.png' })),
    refuses: ['unsupported_value', `${AT}.image_url.url`],
  },
  detail: { ...sent(image({ detail: 'high' }), IMAGE), ignores: ['messages.image_url.detail'] },
} satisfies Readonly<Record<keyof ChatCompletionContentPartImage.ImageURL, FieldCase>>;
const AUDIO_PART = {
  type: sent(audio, AUDIO),
  input_audio: sent(audio, AUDIO),
  prompt_cache_breakpoint: sent({ ...audio, ...BREAK }, AUDIO, POINT),
} satisfies Readonly<Record<keyof ChatCompletionContentPartInputAudio, FieldCase>>;
const AUDIO_DATA = {
  data: sent(audio, AUDIO),
  format: {
    body: sends({ type: 'input_audio', input_audio: { data: WAV, format: 'mp3' } }),
    refuses: ['invalid_value', `${AT}.input_audio.format`],
  },
} satisfies Readonly<Record<keyof ChatCompletionContentPartInputAudio.InputAudio, FieldCase>>;
const FILE_PART = {
  type: sent(file(), DOCUMENT),
  file: sent(file(), DOCUMENT),
  prompt_cache_breakpoint: sent({ ...file(), ...BREAK }, DOCUMENT, POINT),
} satisfies Readonly<Record<keyof ChatCompletionContentPart.File, FieldCase>>;
const FILE = {
  file_data: sent(file({ file_data: PDF }), DOCUMENT),
  file_id: { body: sends(file({ file_id: 'f' })), refuses: ['unsupported_parameter', `${AT}.file.file_id`] },
  filename: sent(file({ filename: 'My report, v2.pdf' }), { ...DOCUMENT, name: 'My report v2' }),
} satisfies Readonly<Record<keyof ChatCompletionContentPart.File.File, FieldCase>>;
const refuses = { type: 'refusal', refusal: 'No.' };
const REFUSAL_PART = {
  type: { body: sends(refuses), refuses: ['unsupported_value', `${AT}.type`] },
  refusal: {
    body: asks({ messages: [...ASK.messages, { role: 'assistant', content: [refuses] }] }),
    reads: {
      command: {
        messages: [...said('Hi'), { role: 'assistant', content: [{ type: 'text', text: 'No.' }] }],
      },
    },
  },
} satisfies Readonly<Record<keyof ChatCompletionContentPartRefusal, FieldCase>>;

const CALLS = {
  id: called({ id: 'call_x' }, { id: 'call_x' }),
  type: called({ type: 'function' }, {}),
  function: called({ function: { name: 'g', arguments: '' } }, { name: 'g', input: {} }),
} satisfies Readonly<Record<keyof ChatCompletionMessageFunctionToolCall, FieldCase>>;
const CALLED = {
  name: called({ function: { name: 'g', arguments: '{}' } }, { name: 'g', input: {} }),
  arguments: called({ function: { name: 'f', arguments: '{"a":[1]}' } }, { input: { a: [1] } }),
} satisfies Readonly<Record<keyof ChatCompletionMessageFunctionToolCall.Function, FieldCase>>;

function called(call: { readonly id?: string; readonly [key: string]: unknown }, read: object): FieldCase {
  const made = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' }, ...call };
  const messages = [
    ...ASK.messages,
    { role: 'assistant', tool_calls: [made] },
    { role: 'tool', tool_call_id: made.id, content: 'ok' },
  ];
  const result = { id: made.id, status: 'success', content: [{ type: 'text', text: 'ok' }] };
  return honoured(
    { messages },
    {
      messages: [
        ...said('Hi'),
        { role: 'assistant', content: [{ type: 'tool-call', id: 'c', name: 'f', input: {}, ...read }] },
        { role: 'user', content: [{ type: 'tool-result', ...result }] },
      ],
    },
  );
}

describeFields({
  'the roles': ROLES,
  'a user message': USER,
  'a system message': SYSTEM,
  'a developer message': DEVELOPER,
  'an assistant message': ASSISTANT,
  'a tool message': TOOL,
  'a text part': TEXT_PART,
  'an image part': IMAGE_PART,
  image_url: IMAGE_URL,
  'an audio part': AUDIO_PART,
  input_audio: AUDIO_DATA,
  'a file part': FILE_PART,
  file: FILE,
  'a refusal part': REFUSAL_PART,
  'a tool call': CALLS,
  'a called function': CALLED,
});
