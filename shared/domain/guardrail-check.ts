/** InvokeGuardrailChecks: how bad a text is, by category, without a guardrail of one's own. */
import type { PicoUsd } from './money.ts';

/** GuardrailChecksContentFilterCategory of Bedrock's service model. */
export const CONTENT_CATEGORIES = ['VIOLENCE', 'HATE', 'SEXUAL', 'MISCONDUCT', 'INSULTS'] as const;
export type ContentCategory = (typeof CONTENT_CATEGORIES)[number];

/** What is asked: the content filter, all its categories, about these texts together. */
export interface GuardrailCheckCall {
  /** Blocks of one message; one or more, none of them empty. */
  readonly texts: readonly string[];
  readonly signal: AbortSignal;
}

export interface GuardrailCheckAnswer {
  /** From 0 to 1, in steps of 0.2 so far; a category that Bedrock did not score is absent. */
  readonly scores: Readonly<Partial<Record<ContentCategory, number>>>;
  /** What is billed; undefined where Bedrock did not count. */
  readonly textUnits: number | undefined;
}

/**
 * What a check goes by in limits and in the ledger, as a model would: AWS has no id for it. It is not in the
 * catalogue, since nothing can be asked of it but a check.
 */
export const GUARDRAIL_CHECKS_ID = 'amazon.guardrail-checks';

/**
 * 0.15 USD for 1,000 text units, the content filter's price in ApplyGuardrail (AWS Price List, read 2026-09-27). A
 * check may cost about half of that; docs/decisions/2026-11-21-what-a-moderation-costs.md says why the dearer stands.
 */
export const TEXT_UNIT_PRICE: PicoUsd = 150_000_000;

/** A text unit has so many characters at most. */
const TEXT_UNIT_CHARACTERS = 1_000;
/** Blocks that one message may have ("Quotas for InvokeGuardrailChecks", Bedrock user guide). */
export const CHECK_BLOCKS_MAX = 10;

/** The most text units that these blocks can be: each on its own, and UTF-16 has no fewer units than characters. */
export const textUnitsMax = (texts: readonly string[]): number =>
  texts.reduce((sum, text) => sum + Math.max(1, Math.ceil(text.length / TEXT_UNIT_CHARACTERS)), 0);
