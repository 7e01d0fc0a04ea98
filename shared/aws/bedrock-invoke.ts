/** Bedrock's operations that answer as a whole and in no conversation: InvokeModel and InvokeGuardrailChecks. */
import { CONTENT_CATEGORIES, type GuardrailCheckAnswer } from '../domain/guardrail-check.ts';
import type { RandomBytes } from '../domain/ids.ts';
import type { GuardrailChecks, ModelInvoker } from '../ports.ts';
import { exchanged, translatorOf } from './bedrock-exchange.ts';
import type { SignedHttp } from './signed-http.ts';

export interface BedrockInvokeOptions {
  /** A transport for the service `bedrock` at bedrock-runtime's endpoint. */
  readonly http: SignedHttp;
  readonly random: RandomBytes;
  /** In ms, to the last byte of an answer; by default a minute. Nothing here retries. */
  readonly timeoutMs?: number;
}

/** Vectors and scores come within a second or two; the caller's signal ends a call sooner. */
const TIMEOUT_MS = 60_000;
const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json' };
/** Bedrock counts the prompt of every model in this header, whatever the model says of it in its body. */
const INPUT_TOKENS_HEADER = 'x-amzn-bedrock-input-token-count';
const REQUEST_METADATA_HEADER = 'x-amzn-bedrock-request-metadata';

/** The adapter of ModelInvoker. */
export function createModelInvoker(options: BedrockInvokeOptions): ModelInvoker {
  const translate = translatorOf(options.random);
  return {
    async invoke({ modelId, body, metadata, signal }) {
      try {
        const accepted = await exchanged(options.http, {
          path: `/model/${encodeURIComponent(modelId)}/invoke`,
          headers: { ...JSON_HEADERS, [REQUEST_METADATA_HEADER]: JSON.stringify(metadata) },
          body: JSON.stringify(body),
          signal,
          timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
        });
        return { body: accepted.body, inputTokens: countIn(accepted.headers[INPUT_TOKENS_HEADER]) };
      } catch (error) {
        throw translate(error);
      }
    },
  };
}

/** Digits and nothing else: what is no count is none. */
const countIn = (header: string | readonly string[] | undefined): number | undefined =>
  typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined;

/** The adapter of GuardrailChecks. */
export function createGuardrailChecks(options: BedrockInvokeOptions): GuardrailChecks {
  const translate = translatorOf(options.random);
  return {
    async check({ texts, signal }) {
      try {
        const { body } = await exchanged(options.http, {
          path: '/guardrail-checks/invoke',
          headers: JSON_HEADERS,
          body: JSON.stringify({
            messages: [{ role: 'user', content: texts.map((text) => ({ text })) }],
            checks: { contentFilter: { categories: CONTENT_CATEGORIES.map((category) => ({ category })) } },
          }),
          signal,
          timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
        });
        return readCheck(body as CheckBody);
      } catch (error) {
        throw translate(error);
      }
    },
  };
}

/** What is read of an answer, none of it to be relied on. */
interface CheckBody {
  readonly results?: { readonly contentFilter?: { readonly results?: unknown } };
  readonly usage?: { readonly contentFilter?: { readonly textUnits?: unknown } };
}

function readCheck({ results, usage }: CheckBody): GuardrailCheckAnswer {
  const entries: unknown = results?.contentFilter?.results;
  const scored = new Map((Array.isArray(entries) ? entries : []).map(scoreIn));
  const scores = CONTENT_CATEGORIES.flatMap((category) => {
    const score = scored.get(category);
    return score === undefined ? [] : [[category, score] as const];
  });
  const textUnits = usage?.contentFilter?.textUnits;
  return {
    scores: Object.fromEntries(scores),
    textUnits: Number.isSafeInteger(textUnits) && Number(textUnits) >= 0 ? Number(textUnits) : undefined,
  };
}

/** A category and its score; undefined where the score is no number from 0 to 1. */
function scoreIn(entry: unknown): readonly [category: unknown, score: number | undefined] {
  const { category, severityScore }: Readonly<Record<string, unknown>> = Object(entry);
  const isScore = typeof severityScore === 'number' && severityScore >= 0 && severityScore <= 1;
  return [category, isScore ? severityScore : undefined];
}
