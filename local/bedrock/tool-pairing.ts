/** Which tool results must follow which tool calls: the rules of Converse, in its words. */
import { type EmulatedModel, foundationModelOf } from './models.ts';
import { refuse } from './service-error.ts';
import { blocksOf, type Turn } from './turns.ts';

/** ValidationException for the first rule broken. */
export function checkToolPairing(turns: readonly Turn[], model: EmulatedModel): void {
  for (const [index, turn] of turns.entries()) {
    checkCalls(turns, index);
    checkResults(turn, { index, callsBefore: callIds(turns[index - 1]) });
    if (separatesToolResults(model)) checkSeparate(turn, index);
  }
}

/** Whether any turn speaks of tools, for which Converse wants the tools themselves, too. */
export const mentionsTools = (turns: readonly Turn[]): boolean =>
  turns.some(({ blocks }) => blocks.some(({ kind }) => kind === 'tool-call' || kind === 'tool-result'));

const callIds = (turn: Turn | undefined): readonly string[] =>
  turn?.role === 'assistant' ? blocksOf(turn.blocks, 'tool-call').map(({ id }) => id) : [];

const resultIds = (turn: Turn | undefined): readonly string[] =>
  blocksOf(turn?.blocks ?? [], 'tool-result').map(({ id }) => id);

function checkCalls(turns: readonly Turn[], index: number): void {
  const ids = callIds(turns[index]);
  const twice = duplicateIn(ids);
  if (twice !== undefined) {
    refuse(`The toolUse blocks at messages.${index}.content contain duplicate Ids: ${twice}`);
  }
  const answered = new Set(resultIds(turns[index + 1]));
  const missing = ids.filter((id) => !answered.has(id));
  if (missing.length > 0 && resultIds(turns[index + 1]).length <= ids.length) {
    refuse(
      `Expected toolResult blocks at messages.${index + 1}.content for the following Ids: ${missing.join(', ')}`,
    );
  }
}

function checkResults(
  turn: Turn,
  { index, callsBefore }: { readonly index: number; readonly callsBefore: readonly string[] },
): void {
  const results = blocksOf(turn.blocks, 'tool-result');
  const twice = duplicateIn(results.map(({ id }) => id));
  if (twice !== undefined) {
    refuse(`The toolResult blocks at messages.${index}.content contain duplicate Ids: ${twice}`);
  }
  if (results.length > callsBefore.length) {
    refuse(
      `The number of toolResult blocks at messages.${index}.content exceeds the number of toolUse blocks of previous turn.`,
    );
  }
  for (const { isEmpty, isError, place, texts } of results) {
    if (isEmpty && isError) {
      refuse(`The content field at ${place}.toolResult cannot be empty when status value is error.`);
    }
    if (texts.includes('')) refuse('messages: text content blocks must be non-empty');
  }
}

/** Llama and Mistral take a turn of results or a turn of talk. */
const SEPARATE_RESULTS = /^(?:meta|mistral)\./;
const separatesToolResults = ({ id }: EmulatedModel): boolean => SEPARATE_RESULTS.test(foundationModelOf(id));

function checkSeparate({ blocks }: Turn, index: number): void {
  const results = blocks.filter(({ kind }) => kind === 'tool-result').length;
  if (results > 0 && results < blocks.filter(({ kind }) => kind !== 'cache-point').length) {
    refuse(
      `messages.${index}.content: Conversation blocks and tool result blocks cannot be provided in the same turn.`,
    );
  }
}

const duplicateIn = (ids: readonly string[]): string | undefined =>
  ids.find((id, index) => ids.indexOf(id) !== index);
