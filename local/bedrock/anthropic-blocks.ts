/** The messages of Anthropic's body as turns; a block with cache_control is a block with a cache point behind it. */
import { countBlockTokens, countMediaTokens, countTokens } from './tokens.ts';
import type { Block, BlockContent, CacheTtl, Media, Turn } from './turns.ts';
import { type Fields, readList, readObject, readString } from './wire-value.ts';

export const readAnthropicTurns = (messages: readonly unknown[]): readonly Turn[] =>
  messages.map((item, index) => {
    const message = readObject(item) ?? {};
    return {
      role: readString(message['role']) ?? '',
      blocks: readContent(message['content'], `messages.${index}.content`),
    };
  });

/** Content is a string or a list of blocks. */
export function readContent(content: unknown, place: string): readonly Block[] {
  if (typeof content === 'string') {
    const tokens = countTokens(content);
    return [
      { kind: 'text', text: content, place: `${place}.0`, raw: { type: 'text', text: content }, tokens },
    ];
  }
  return (readList(content) ?? []).flatMap((item, index) => {
    const { cache_control: control, ...raw } = readObject(item) ?? {};
    const read = contentOf(raw);
    const block: Block = { ...read, place: `${place}.${index}`, raw, tokens: tokensOf(read, raw) };
    const ttl = ttlOf(control);
    return ttl === undefined ? [block] : [block, cachePoint(ttl, block.place)];
  });
}

/** The lifetime that a cache_control asks for; undefined where there is none. */
export function ttlOf(control: unknown): CacheTtl | undefined {
  const fields = readObject(control);
  if (fields === undefined) return undefined;
  return fields['ttl'] === '1h' ? '1h' : '5m';
}

const cachePoint = (ttl: CacheTtl, place: string): Block => ({
  kind: 'cache-point',
  ttl,
  place,
  raw: undefined,
  tokens: 0,
});

function contentOf(block: Fields): BlockContent {
  switch (block['type']) {
    case 'text':
      return { kind: 'text', text: readString(block['text']) ?? '' };
    case 'image':
    case 'document':
      return { kind: 'media', ...mediaOf(block) };
    case 'tool_use':
      return {
        kind: 'tool-call',
        id: readString(block['id']) ?? '',
        name: readString(block['name']) ?? '',
      };
    case 'tool_result':
      return toolResultOf(block);
    case 'thinking':
      return {
        kind: 'reasoning',
        text: readString(block['thinking']) ?? '',
        signature: readString(block['signature']),
      };
    case 'redacted_thinking':
      return { kind: 'redacted', data: readString(block['data']) ?? '' };
    default:
      return { kind: 'other' };
  }
}

function mediaOf(block: Fields): Media {
  const source = readObject(block['source']) ?? {};
  const isBase64 = source['type'] === 'base64';
  return {
    media: block['type'] === 'image' ? 'image' : 'document',
    format: readString(source['media_type'])?.replace(/^.*\//, ''),
    base64: isBase64 ? readString(source['data']) : undefined,
    name: undefined,
  };
}

function toolResultOf(block: Fields): BlockContent {
  const inside = readContent(block['content'] ?? [], 'content');
  return {
    kind: 'tool-result',
    id: readString(block['tool_use_id']) ?? '',
    texts: inside.flatMap((part) => (part.kind === 'text' ? [part.text] : [])),
    media: inside.flatMap((part) => (part.kind === 'media' ? [part] : [])),
    isEmpty: inside.length === 0,
    isError: block['is_error'] === true,
  };
}

function tokensOf(content: BlockContent, raw: Fields): number {
  if (content.kind === 'text') return countTokens(content.text);
  return content.kind === 'media' ? countMediaTokens(content.base64) : countBlockTokens(raw);
}
