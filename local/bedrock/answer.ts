/** What the emulator answers. It depends on the prompt alone, so the same prompt has the same answer for ever. */
import type { Directive, StopReason } from './directive.ts';
import { type GuardFinding, intervention } from './guardrails/intervention.ts';
import { ownWords } from './own-words.ts';
import type { Prompt } from './prompt.ts';
import { redactReasoning, signReasoning, thoughtAbout } from './reasoning.ts';
import { valueFor } from './schema-value.ts';
import { stopAtSequence } from './stop-sequences.ts';
import { toPieces } from './tokens.ts';
import { planToolCalls, type ToolCall } from './tool-calls.ts';

export interface TextBlock {
  readonly kind: 'text';
  /** One token each. */
  readonly pieces: readonly string[];
  /** The title of the source that the text cites. */
  readonly cites?: string;
}

export interface ReasoningBlock {
  readonly kind: 'reasoning';
  readonly pieces: readonly string[];
  readonly signature: string;
}

/** Reasoning that the caller cannot read: base64, and no pieces. */
export interface RedactedBlock {
  readonly kind: 'redacted';
  readonly pieces: readonly string[];
  readonly data: string;
}

export type AnswerBlock = TextBlock | ReasoningBlock | RedactedBlock | ToolCall;

export interface Answer {
  readonly blocks: readonly AnswerBlock[];
  readonly stopReason: StopReason;
  /** The sequence that ended the answer; not part of its text. */
  readonly stopSequence?: string;
  /** What a guardrail found, where one was asked to read along. */
  readonly guard?: GuardFinding;
}

export interface Asked {
  readonly directive: Directive;
  /** The last user message without its directive. */
  readonly text: string;
}

/** Tokens sent: an empty piece costs none. */
export const outputTokens = ({ blocks }: Answer): number =>
  blocks.reduce((sum, { pieces }) => sum + tokensIn(pieces), 0);

export const tokensIn = (pieces: readonly string[]): number =>
  pieces.reduce((sum, piece) => sum + (piece === '' ? 0 : 1), 0);

/** The answer to a prompt whose directive has been taken out of `text`. */
export function composeAnswer(prompt: Prompt, asked: Asked): Answer {
  const guard = intervention(prompt.guard, asked);
  if (guard?.blocks !== undefined) {
    const pieces = toPieces(guard.blocks);
    return { blocks: [{ kind: 'text', pieces }], stopReason: 'guardrail_intervened', guard };
  }
  const calls = planToolCalls(prompt, asked.directive);
  const said = answerText(prompt, { ...asked, calls: calls.length });
  const stopped = stopAtSequence(said, prompt.stopSequences);
  const text: readonly AnswerBlock[] =
    calls.length > 0 && stopped.pieces.length === 0 ? [] : [textBlock(stopped.pieces, asked.directive)];
  const ended = stopped.sequence !== undefined;
  const blocks = [...reasoningBlocks(prompt, asked), ...text, ...(ended ? [] : calls)];
  return {
    ...limit(blocks, {
      maxTokens: prompt.maxTokens,
      stopReason: asked.directive.stop ?? naturalEnd({ ended, calls: calls.length }),
    }),
    ...(stopped.sequence !== undefined && { stopSequence: stopped.sequence }),
    ...(guard !== undefined && { guard }),
  };
}

function naturalEnd({ ended, calls }: { readonly ended: boolean; readonly calls: number }): StopReason {
  if (ended) return 'stop_sequence';
  return calls > 0 ? 'tool_use' : 'end_turn';
}

const textBlock = (pieces: readonly string[], { cite }: Directive): TextBlock => ({
  kind: 'text',
  pieces,
  ...(cite !== undefined && { cites: cite }),
});

function answerText(
  prompt: Prompt,
  { directive, text, calls }: Asked & { readonly calls: number },
): readonly string[] {
  if (directive.say !== undefined) return toPieces(directive.say);
  if (calls > 0) return [];
  if (prompt.textSchema !== undefined) return toPieces(structured(prompt, directive));
  if (prompt.toolResults.length > 0 && directive.tokens === undefined) {
    return toPieces(`This is the Bedrock emulator. The tools said: ${prompt.toolResults.join(' | ')}`);
  }
  return ownWords(text, directive.tokens);
}

/** A text that is JSON and meets the schema; broken off where that is asked for. */
function structured({ textSchema, lastUserText }: Prompt, { stop }: Directive): string {
  const json = JSON.stringify(valueFor(textSchema, lastUserText.length));
  return stop === 'malformed_model_output' ? json.slice(0, -1) : json;
}

function reasoningBlocks({ thinks }: Prompt, { directive, text }: Asked): readonly AnswerBlock[] {
  if (!thinks) return [];
  const thought = directive.think ?? thoughtAbout(text);
  return directive.redact === 'yes'
    ? [{ kind: 'redacted', pieces: [], data: redactReasoning(thought) }]
    : [{ kind: 'reasoning', pieces: toPieces(thought), signature: signReasoning(thought) }];
}

/** The blocks up to `maxTokens`; what is cut off in the middle stays as far as it got. */
function limit(
  blocks: readonly AnswerBlock[],
  { maxTokens, stopReason }: { readonly maxTokens: number; readonly stopReason: StopReason },
): Pick<Answer, 'blocks' | 'stopReason'> {
  const kept: AnswerBlock[] = [];
  let left = maxTokens;
  for (const block of blocks) {
    const tokens = tokensIn(block.pieces);
    if (tokens > left) {
      const part = { ...block, pieces: firstTokens(block.pieces, left) };
      return { blocks: left > 0 || kept.length === 0 ? [...kept, part] : kept, stopReason: 'max_tokens' };
    }
    kept.push(block);
    left -= tokens;
  }
  return { blocks: kept, stopReason };
}

function firstTokens(pieces: readonly string[], count: number): readonly string[] {
  let left = count;
  const end = pieces.findIndex((piece) => {
    if (piece !== '') left -= 1;
    return left < 0;
  });
  return end < 0 ? pieces : pieces.slice(0, end);
}
