/** A conversation as the emulator sees it, whichever API it came by: turns of blocks, each with what it costs. */

/** The kinds of content that are files. */
export type MediaKind = 'audio' | 'document' | 'image' | 'video';

export interface Media {
  readonly media: MediaKind;
  /** As the request calls it: `png`, `pdf`; absent where it need not be told. */
  readonly format: string | undefined;
  /** Base64; absent where the file lies elsewhere (S3) or is given as text. */
  readonly base64: string | undefined;
  /** Of documents only. */
  readonly name: string | undefined;
}

export type CacheTtl = '5m' | '1h';

export type BlockContent =
  | { readonly kind: 'text'; readonly text: string }
  | ({ readonly kind: 'media' } & Media)
  | { readonly kind: 'tool-call'; readonly id: string; readonly name: string }
  | {
      readonly kind: 'tool-result';
      readonly id: string;
      /** What the tool said, JSON written out. */
      readonly texts: readonly string[];
      readonly media: readonly Media[];
      readonly isEmpty: boolean;
      readonly isError: boolean;
    }
  | { readonly kind: 'reasoning'; readonly text: string; readonly signature: string | undefined }
  /** Reasoning that only its maker can read, in base64. */
  | { readonly kind: 'redacted'; readonly data: string }
  | { readonly kind: 'cache-point'; readonly ttl: CacheTtl }
  | { readonly kind: 'other' };

export type Block = BlockContent & {
  /** Where it stands in the request, as its API words it: `messages.0.content.1`. */
  readonly place: string;
  readonly tokens: number;
  /** As received, for the prompt cache to compare. */
  readonly raw: unknown;
};

export interface Turn {
  readonly role: string;
  readonly blocks: readonly Block[];
}

export type BlockOf<Kind extends Block['kind']> = Extract<Block, { readonly kind: Kind }>;

/** The blocks of one kind, in order. */
export const blocksOf = <Kind extends Block['kind']>(
  blocks: readonly Block[],
  kind: Kind,
): readonly BlockOf<Kind>[] => blocks.filter((block): block is BlockOf<Kind> => block.kind === kind);

export const textsOf = (turn: Turn): readonly string[] =>
  blocksOf(turn.blocks, 'text').map(({ text }) => text);

export const tokensOf = (blocks: readonly Block[]): number =>
  blocks.reduce((sum, { tokens }) => sum + tokens, 0);

/** All files of a turn, those inside tool results included. */
export const mediaOf = (turn: Turn): readonly Media[] =>
  turn.blocks.flatMap((block) => {
    if (block.kind === 'media') return [block];
    return block.kind === 'tool-result' ? block.media : [];
  });

/** The text of the last user message, where the emulator looks for its directive. */
export const lastUserText = (turns: readonly Turn[]): string => {
  const last = turns.findLast(({ role }) => role === 'user');
  return last === undefined ? '' : textsOf(last).join('\n');
};

/** What the tools said in the last user message. */
export const lastToolResults = (turns: readonly Turn[]): readonly string[] =>
  blocksOf(turns.findLast(({ role }) => role === 'user')?.blocks ?? [], 'tool-result').map(({ texts }) =>
    texts.join(' '),
  );
