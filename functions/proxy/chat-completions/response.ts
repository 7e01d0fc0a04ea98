/** A model's events as OpenAI's chat completion: chunks while they come, or one object. */
import type { AnswerWire } from '../model-call/answer-wire.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { writeCompletion } from './completion.ts';

/** How chat completions are answered. */
export const chatWire = (options: { readonly includeUsage: boolean }): AnswerWire => ({
  streamed: (facts) => new ChunkWriter(facts, options),
  whole: writeCompletion,
});
