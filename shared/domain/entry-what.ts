/** What a request asked for, its endpoint and its tier, as the two letters by which its entry tells it. */
import { modelBehind } from './model-access.ts';
import type { ServiceTier } from './price.ts';
import type { Endpoint } from './usage.ts';

/** A letter is never given to another endpoint or tier, and no two together spell a profile (`us`, `eu`, `ca`, `jp`, `au`). */
const ENDPOINT_CODES: Readonly<Record<Endpoint, string>> = {
  'chat.completions': 'c',
  embeddings: 'e',
  images: 'i',
  moderations: 'm',
};
const TIER_CODES: Readonly<Record<ServiceTier, string>> = {
  standard: 's',
  priority: 'p',
  flex: 'f',
  batch: 'b',
};

/** What every entry says of its request, beside the amounts. */
export interface What {
  readonly endpoint: Endpoint;
  readonly serviceTier: ServiceTier;
}

/** Entries of the first version say nothing of it: there was nothing else. */
export const FIRST_WHAT: What = { endpoint: 'chat.completions', serviceTier: 'standard' };

/** The member of a closed set that has this letter. */
export const memberOfCode = <Member extends string>(
  codes: Readonly<Record<Member, string>>,
  code: string | undefined,
): Member | undefined => (Object.keys(codes) as Member[]).find((member) => codes[member] === code);

/** The letter of the endpoint, then that of the tier. */
export const whatCodes = (of: What): string => ENDPOINT_CODES[of.endpoint] + TIER_CODES[of.serviceTier];

/** Reads whatCodes; undefined where a letter is of a later version. */
export function parseWhatCodes(codes = ''): What | undefined {
  const endpoint = memberOfCode(ENDPOINT_CODES, codes[0]);
  const serviceTier = memberOfCode(TIER_CODES, codes[1]);
  return endpoint === undefined || serviceTier === undefined ? undefined : { endpoint, serviceTier };
}

/** What stands before a model's id in an R: two letters, as no model's id begins but those of some profiles. */
const WHAT = /^([a-z]{2})\.(.+)$/;

/**
 * What an R says before its model's id. Two letters and a dot that are no `what` of this version are the first version's
 * where they are a profile's (`us.…`), and otherwise a later version's, whose model would be read wrong.
 */
export function parseWhatAndModel(text: string): (What & { readonly model: string }) | undefined {
  const [matched, codes, model = ''] = WHAT.exec(text) ?? [];
  const what = parseWhatCodes(codes);
  if (what !== undefined && matched !== undefined) return { ...what, model };
  const isOfFirst = matched === undefined || modelBehind(text) !== text;
  return isOfFirst ? { ...FIRST_WHAT, model: text } : undefined;
}
