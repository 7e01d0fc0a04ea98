/** OpenAI's moderation, made of Bedrock's content filter: which category stands for which, and from where on it is flagged. */
import type { ContentCategory } from './guardrail-check.ts';

/** OpenAI's categories in its order (Moderation of openai 7.55). */
export const MODERATION_CATEGORIES = [
  'harassment',
  'harassment/threatening',
  'hate',
  'hate/threatening',
  'illicit',
  'illicit/violent',
  'self-harm',
  'self-harm/intent',
  'self-harm/instructions',
  'sexual',
  'sexual/minors',
  'violence',
  'violence/graphic',
] as const;
export type ModerationCategory = (typeof MODERATION_CATEGORIES)[number];

/** Where each category's score comes from. Bedrock has nothing for the others: they are never flagged. */
export const CATEGORY_SOURCES: Readonly<Partial<Record<ModerationCategory, ContentCategory>>> = {
  harassment: 'INSULTS',
  hate: 'HATE',
  illicit: 'MISCONDUCT',
  sexual: 'SEXUAL',
  violence: 'VIOLENCE',
};

/**
 * The score from which on a category is flagged. Bedrock's scores are 0, 0.2, … 1, of which 0.2 is its weakest match;
 * whoever wants another threshold has the scores.
 */
export const FLAGGED_FROM = 0.4;

/** What is said of one text. */
export interface Verdict {
  readonly flagged: boolean;
  /** In the order of MODERATION_CATEGORIES; without a source the score is 0. */
  readonly categories: readonly {
    readonly category: ModerationCategory;
    readonly score: number;
    readonly flagged: boolean;
    readonly scored: boolean;
  }[];
}

/** The verdict by Bedrock's scores; undefined where one of them is missing, since an unknown score is not a low one. */
export function verdictOf(scores: Readonly<Partial<Record<ContentCategory, number>>>): Verdict | undefined {
  const sources = Object.values(CATEGORY_SOURCES);
  if (sources.some((source) => scores[source] === undefined)) return undefined;
  const categories = MODERATION_CATEGORIES.map((category) => {
    const source = CATEGORY_SOURCES[category];
    const score = source === undefined ? 0 : (scores[source] ?? 0);
    return { category, score, flagged: score >= FLAGGED_FROM, scored: source !== undefined };
  });
  return { flagged: categories.some(({ flagged }) => flagged), categories };
}
