/** The messages of Converse as turns: what each content block is and what it costs. */
import { refuse } from './service-error.ts';
import { countBlockTokens, countMediaTokens, countTokens } from './tokens.ts';
import type { BlockContent, CacheTtl, Media, MediaKind, Turn } from './turns.ts';
import { type Fields, readList, readObject, readString } from './wire-value.ts';

/** Reads messages whose shape is checked. ValidationException for a message without content. */
export const readTurns = (messages: unknown): readonly Turn[] =>
  (readList(messages) ?? []).map((item, index) => {
    const message = readObject(item) ?? {};
    const blocks = readList(message['content']) ?? [];
    if (blocks.length === 0) {
      refuse(
        `The content field in the Message object at messages.${index} is empty. Add a ContentBlock object to the ` +
          'content field and try again.',
      );
    }
    return {
      role: readString(message['role']) ?? '',
      blocks: blocks.map((raw, at) => readBlock(raw, `messages.${index}.content.${at}`)),
    };
  });

/** The system texts, as blocks of a turn. */
export const readSystem = (system: unknown): Turn => ({
  role: 'system',
  blocks: (readList(system) ?? []).map((raw, index) => readBlock(raw, `system.${index}`)),
});

function readBlock(raw: unknown, place: string): Turn['blocks'][number] {
  const content = contentOf(readObject(raw) ?? {});
  return { ...content, place, raw, tokens: tokensOf(content, raw) };
}

function contentOf(block: Fields): BlockContent {
  const [kind = ''] = Object.keys(block).filter((name) => block[name] !== null);
  const value = block[kind];
  if (kind === 'text') return { kind: 'text', text: readString(value) ?? '' };
  const fields = readObject(value) ?? {};
  switch (kind) {
    case 'audio':
    case 'document':
    case 'image':
    case 'video':
      return { kind: 'media', ...mediaOf(kind, fields) };
    case 'toolUse':
      return {
        kind: 'tool-call',
        id: readString(fields['toolUseId']) ?? '',
        name: readString(fields['name']) ?? '',
      };
    case 'toolResult':
      return toolResultOf(fields);
    case 'reasoningContent':
      return reasoningOf(fields);
    case 'cachePoint':
      return { kind: 'cache-point', ttl: ttlOf(fields) };
    default:
      return { kind: 'other' };
  }
}

/** Five minutes where the request does not say. */
export const ttlOf = (cachePoint: Fields): CacheTtl => (cachePoint['ttl'] === '1h' ? '1h' : '5m');

function mediaOf(media: MediaKind, fields: Fields): Media {
  return {
    media,
    format: readString(fields['format']),
    base64: readString(readObject(fields['source'])?.['bytes']),
    name: readString(fields['name']),
  };
}

function toolResultOf(fields: Fields): BlockContent {
  const contents = (readList(fields['content']) ?? []).map((item) => readObject(item) ?? {});
  return {
    kind: 'tool-result',
    id: readString(fields['toolUseId']) ?? '',
    texts: contents.flatMap((content) => {
      if (content['json'] !== undefined) return [JSON.stringify(content['json'])];
      const text = readString(content['text']);
      return text === undefined ? [] : [text];
    }),
    media: contents.flatMap(mediaIn),
    isEmpty: contents.length === 0,
    isError: fields['status'] === 'error',
  };
}

const MEDIA_KINDS = ['document', 'image', 'video'] as const;

const mediaIn = (content: Fields): readonly Media[] =>
  MEDIA_KINDS.flatMap((kind) => {
    const fields = readObject(content[kind]);
    return fields === undefined ? [] : [mediaOf(kind, fields)];
  });

function reasoningOf(fields: Fields): BlockContent {
  const redacted = readString(fields['redactedContent']);
  if (redacted !== undefined) return { kind: 'redacted', data: redacted };
  const text = readObject(fields['reasoningText']) ?? {};
  return {
    kind: 'reasoning',
    text: readString(text['text']) ?? '',
    signature: readString(text['signature']),
  };
}

function tokensOf(content: BlockContent, raw: unknown): number {
  switch (content.kind) {
    case 'text':
      return countTokens(content.text);
    case 'cache-point':
      return 0;
    case 'media':
      return isGivenAsText(raw) ? countBlockTokens(raw) : countMediaTokens(content.base64);
    default:
      return countBlockTokens(raw);
  }
}

/** A document may come as its words. */
const isGivenAsText = (raw: unknown): boolean => {
  const source = readObject(readObject(readObject(raw)?.['document'])?.['source']);
  return source?.['text'] !== undefined || source?.['content'] !== undefined;
};
