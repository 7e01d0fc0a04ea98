/** Models that embed, scripted: every family's own answers, and when each of them comes. */
import type { InvokeAnswer, InvokeCall } from '../../shared/domain/invoke-model.ts';
import type { ModelInvoker } from '../../shared/ports.ts';

export const TITAN = 'amazon.titan-embed-text-v2:0';
export const COHERE = 'cohere.embed-english-v3';
export const ROUTE = 'POST /v1/embeddings';

/** Answers one call, or throws; `index` counts the calls from 0. */
export type InvokeScript = (call: InvokeCall, index: number) => InvokeAnswer | Promise<InvokeAnswer>;

export interface ScriptedInvoker extends ModelInvoker {
  readonly calls: readonly InvokeCall[];
}

export function scriptedInvoker(script: InvokeScript): ScriptedInvoker {
  const calls: InvokeCall[] = [];
  return {
    calls,
    async invoke(call) {
      calls.push(call);
      return script(call, calls.length - 1);
    },
  };
}

/** The texts of a call, whichever family it is for. */
export function textsOf({ body }: InvokeCall): readonly string[] {
  const { texts, inputText, singleEmbeddingParams } = body;
  if (Array.isArray(texts)) return texts.map(String);
  return [String(inputText ?? Object(Object(singleEmbeddingParams).text).value)];
}

/** A vector that tells its text: its length and its first character. */
export const vectorFor = (text: string): readonly number[] => [text.length, text.charCodeAt(0) / 2];

/** As Titan answers: a token for each character. */
export const titan: InvokeScript = (call) => {
  const [text = ''] = textsOf(call);
  return { body: { embedding: vectorFor(text), inputTextTokenCount: text.length }, inputTokens: text.length };
};

/** As Cohere answers: the count is in the header alone. */
export const cohere: InvokeScript = (call) => {
  const texts = textsOf(call);
  return { body: { embeddings: texts.map(vectorFor) }, inputTokens: texts.join('').length };
};
