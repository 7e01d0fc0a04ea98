/**
 * How bad a text is, decided by words. A word of the list below scores 0.9 in its category; the marker
 * `[[score violence=0.4 insults=0.2]]` gives exact scores. Everything else scores 0.
 */

export const CONTENT_CATEGORIES = ['VIOLENCE', 'HATE', 'SEXUAL', 'MISCONDUCT', 'INSULTS'] as const;
export type ContentCategory = (typeof CONTENT_CATEGORIES)[number];

export const ATTACK_CATEGORIES = ['JAILBREAK', 'PROMPT_INJECTION', 'PROMPT_LEAKAGE'] as const;
export type AttackCategory = (typeof ATTACK_CATEGORIES)[number];

/** The words, as the README lists them. */
export const WORDS: Readonly<Record<ContentCategory | AttackCategory, readonly string[]>> = {
  VIOLENCE: ['murder', 'massacre'],
  HATE: ['subhuman', 'vermin people'],
  SEXUAL: ['pornographic', 'sexually explicit'],
  MISCONDUCT: ['pick a lock', 'launder money'],
  INSULTS: ['you idiot', 'you moron'],
  JAILBREAK: ['do anything now', 'ignore your rules'],
  PROMPT_INJECTION: ['ignore previous instructions', 'ignore all previous instructions'],
  PROMPT_LEAKAGE: ['reveal your system prompt', 'repeat your instructions'],
};

const SCORE = 0.9;
const MARKER = /\[\[score((?:\s+[a-z_]+=(?:0(?:\.\d+)?|1(?:\.0+)?))+)\s*\]\]/g;

/** From 0 to 1. */
export function scoreOf(text: string, category: ContentCategory | AttackCategory): number {
  const lower = text.toLowerCase();
  const marked = [...lower.matchAll(MARKER)]
    .flatMap(([, scores = '']) => scores.trim().split(/\s+/))
    .map((score) => score.split('='))
    .filter(([name]) => name === category.toLowerCase())
    .map(([, score]) => Number(score));
  const worded = WORDS[category].some((word) => lower.includes(word)) ? [SCORE] : [];
  return Math.max(0, ...marked, ...worded);
}

export interface Found {
  readonly type: string;
  readonly begin: number;
  readonly end: number;
}

/** The kinds of sensitive information that the emulator knows when it sees them. */
const SENSITIVE: Readonly<Record<string, RegExp>> = {
  AWS_ACCESS_KEY: /\bAKIA[0-9A-Z]{16}\b/g,
  CREDIT_DEBIT_CARD_NUMBER: /\b(?:\d{4}[ -]){3}\d{4}\b/g,
  EMAIL: /\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/g,
  IP_ADDRESS: /\b(?:\d{1,3}\.){3}\d{1,3}\b/g,
  PHONE: /\+\d[\d -]{7,}\d\b/g,
  URL: /\bhttps?:\/\/[^\s"'<>]+/g,
  US_SOCIAL_SECURITY_NUMBER: /\b\d{3}-\d{2}-\d{4}\b/g,
};

/** Where a text has sensitive information of these kinds, in order. */
export const findSensitive = (text: string, types: readonly string[]): readonly Found[] =>
  types
    .flatMap((type) =>
      [...text.matchAll(SENSITIVE[type] ?? /$^/g)].map((match) => ({
        type,
        begin: match.index,
        end: match.index + match[0].length,
      })),
    )
    .sort((one, other) => one.begin - other.begin);

export const SENSITIVE_TYPES: readonly string[] = Object.keys(SENSITIVE);

/** A text unit is a thousand characters, begun ones included. */
export const textUnits = (texts: readonly string[]): number =>
  texts.reduce((sum, text) => sum + Math.ceil(text.length / 1000), 0);
