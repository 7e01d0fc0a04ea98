/** The content of a message: a text or a list of parts, each read into what models take. */
import type { CachePoint, TextBlock, UserBlock } from '../../../shared/domain/conversation.ts';
import { readDataUrl } from '../wire/data-url.ts';
import { documentFrom } from '../wire/document.ts';
import {
  assertKeys,
  isObject,
  type JsonObject,
  readChoice,
  readString,
  requireObject,
  requireString,
  within,
} from '../wire/json-value.ts';
import { audioFrom, imageFrom, videoFrom } from '../wire/media.ts';
import { type CacheContext, readCachePoint } from '../wire/prompt-cache.ts';
import {
  refuseMissing,
  refuseParameter,
  refuseType,
  refuseUnsupportedValue,
  refuseValue,
} from '../wire/refusal.ts';

/** Where parts stand. */
interface At extends CacheContext {
  readonly param: string;
}

type Kind = 'text' | 'refusal' | 'image_url' | 'file' | 'input_audio' | 'video_url';
/** What each role may send. An assistant's parts are its own words; a tool answers with what it found. */
const KINDS = {
  system: ['text'],
  user: ['text', 'image_url', 'file', 'input_audio', 'video_url'],
  assistant: ['text', 'refusal'],
  tool: ['text', 'image_url', 'file'],
} as const satisfies Readonly<Record<string, readonly Kind[]>>;
type Role = keyof typeof KINDS;

const keysOf = (kind: Kind): ReadonlySet<string> =>
  new Set(['type', kind, 'cache_control', 'prompt_cache_breakpoint']);
const PART_KEYS: Readonly<Record<Kind, ReadonlySet<string>>> = {
  text: keysOf('text'),
  refusal: keysOf('refusal'),
  image_url: keysOf('image_url'),
  file: keysOf('file'),
  input_audio: keysOf('input_audio'),
  video_url: keysOf('video_url'),
};
const CONTENT = 'a string or an array of content parts';

const readers = {
  text: (part, at) => textBlock(part['text'], within(at.param, 'text')),
  refusal: (part, at) => textBlock(part['refusal'], within(at.param, 'refusal')),
  image_url: readImage,
  file: readFile,
  input_audio: readAudio,
  video_url: readVideo,
} satisfies Readonly<Record<Kind, (part: JsonObject, at: At) => UserBlock>>;

/** What a part of the kind becomes. */
type BlockOf<Of extends Role> = ReturnType<(typeof readers)[(typeof KINDS)[Of][number]]>;

/** The blocks of a content. Blank texts are left out: Bedrock refuses them. */
export function readContent<Of extends Role>(
  content: unknown,
  of: At & { readonly role: Of },
): readonly (BlockOf<Of> | CachePoint)[];
export function readContent(content: unknown, of: At & { readonly role: Role }): readonly UserBlock[] {
  if (typeof content === 'string') return content.trim() === '' ? [] : [{ type: 'text', text: content }];
  if (Array.isArray(content)) {
    return content.flatMap((part, index) => readPart(part, { ...of, param: within(of.param, index) }));
  }
  if (content === undefined) return refuseMissing(of.param);
  return refuseType(of.param, { expected: CONTENT, got: content });
}

function readPart(part: unknown, at: At & { readonly role: Role }): readonly UserBlock[] {
  if (!isObject(part)) return refuseType(at.param, { expected: 'an object', got: part });
  const kind = readKind(part['type'], at);
  assertKeys(part, { param: at.param, known: PART_KEYS[kind] });
  const block = readers[kind](part, at);
  const point = readCachePoint(part, at);
  const blocks = block.type === 'text' && block.text.trim() === '' ? [] : [block];
  return point === undefined ? blocks : [...blocks, point];
}

function readKind(type: unknown, at: At & { readonly role: Role }): Kind {
  const param = within(at.param, 'type');
  if (type === undefined || type === null) return refuseMissing(param);
  if (typeof type !== 'string') return refuseType(param, { expected: 'a string', got: type });
  const kinds: readonly Kind[] = KINDS[at.role];
  const words = kinds.map((kind) => `'${kind}'`).join(', ');
  return (
    kinds.find((kind) => kind === type) ??
    refuseUnsupportedValue(param, `content parts of a message of role '${at.role}' are of type ${words}.`)
  );
}

const textBlock = (value: unknown, param: string): TextBlock => ({
  type: 'text',
  text: requireString(value, param),
});

const IMAGE_KEYS: ReadonlySet<string> = new Set(['url', 'detail']);
const DETAILS = ['auto', 'low', 'high', 'original'] as const;

/** `detail` has no counterpart: each model of Bedrock scales images by its own rule. */
function readImage(part: JsonObject, { param, reading }: At) {
  const of = within(param, 'image_url');
  // Not a few clients write the URL where the object belongs.
  const image = typeof part['image_url'] === 'string' ? { url: part['image_url'] } : part['image_url'];
  const { url, detail, ...rest } = requireObject(image, of);
  assertKeys(rest, { param: of, known: IMAGE_KEYS });
  const asked = readChoice(detail, { param: within(of, 'detail'), choices: DETAILS });
  if (asked !== undefined && asked !== 'auto') reading.ignore('messages.image_url.detail');
  const at = within(of, 'url');
  return imageFrom(readDataUrl(requireString(url, at), at).base64, { param: at, reading });
}

const FILE_KEYS: ReadonlySet<string> = new Set(['file_data', 'filename', 'file_id']);

/** OpenAI's documentation has `file_data` as a data URL and its description as base64: both are read. */
function readFile(part: JsonObject, { param, reading }: At) {
  const of = within(param, 'file');
  const file = requireObject(part['file'], of);
  assertKeys(file, { param: of, known: FILE_KEYS });
  if (file['file_id'] !== undefined && file['file_id'] !== null) {
    return refuseParameter(
      within(of, 'file_id'),
      "There are no stored files here. Send the file as 'file_data'.",
    );
  }
  const filename = readString(file['filename'], within(of, 'filename'));
  const at = within(of, 'file_data');
  const data = requireString(file['file_data'], at);
  const source = /^[a-z0-9]{1,8}:/i.test(data.slice(0, 9))
    ? readDataUrl(data, at)
    : { base64: data, mediaType: '' };
  return documentFrom({ ...source, filename }, { param: at, reading });
}

const AUDIO_KEYS: ReadonlySet<string> = new Set(['data', 'format']);

/** The format is that of the bytes; another one than they have is refused, since one of both must be a mistake. */
function readAudio(part: JsonObject, { param }: At) {
  const of = within(param, 'input_audio');
  const audio = requireObject(part['input_audio'], of);
  assertKeys(audio, { param: of, known: AUDIO_KEYS });
  const format = readChoice(audio['format'], { param: within(of, 'format'), choices: ['wav', 'mp3'] });
  if (format === undefined) return refuseMissing(within(of, 'format'));
  const at = within(of, 'data');
  const block = audioFrom(requireString(audio['data'], at), at);
  if (block.format !== format) {
    return refuseValue(within(of, 'format'), `the bytes are in the format '${block.format}'.`);
  }
  return block;
}

const VIDEO_KEYS: ReadonlySet<string> = new Set(['url']);

/** An extension that many servers share: OpenAI's chat completions take no films. */
function readVideo(part: JsonObject, { param }: At) {
  const of = within(param, 'video_url');
  const video = typeof part['video_url'] === 'string' ? { url: part['video_url'] } : part['video_url'];
  const { url, ...rest } = requireObject(video, of);
  assertKeys(rest, { param: of, known: VIDEO_KEYS });
  const at = within(of, 'url');
  return videoFrom(readDataUrl(requireString(url, at), at).base64, at);
}
