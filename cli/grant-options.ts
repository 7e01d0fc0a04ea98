/** What an account or a key may do, as it is typed. */
import { type Command, InvalidArgumentError } from 'commander';
import type { JsonObject } from './json.ts';
import { NONE, parseList } from './options.ts';

/** A list, or the word that lifts the restriction. It stays a word until it is sent: commander takes null for an option without a value. */
type Restriction = readonly string[] | typeof NONE;

export interface GrantOptions {
  readonly scopes?: readonly string[];
  readonly models?: Restriction;
  readonly allowedIps?: Restriction;
  readonly level?: string;
}

/** The grant of something new. */
export const addGrantOptions = (command: Command): Command =>
  addGrant(command, { parse: parseNames, lifting: '' });

/** The grant of what is there: a restriction may also be lifted. */
export const addGrantChangeOptions = (command: Command): Command =>
  addGrant(command, { parse: parseRestriction, lifting: `; ${NONE} or ${ALL} lifts the restriction` });

const addGrant = (
  command: Command,
  of: { readonly parse: (text: string) => Restriction; readonly lifting: string },
): Command =>
  command
    .option('--scopes <list>', 'what it may call, such as chat.completions:write,models:read', parseList)
    .option('--models <list>', `model ids, or beginnings followed by *${of.lifting}`, of.parse)
    .option('--allowed-ips <list>', `addresses or CIDR ranges that it may call from${of.lifting}`, of.parse)
    .option('--level <level>', 'permission level: read, write, destructive or exec');

const ALL = 'all';

const isLifting = (text: string): boolean => text === NONE || text === ALL;

/** Both words lift: a list that lets nothing through would be no restriction but an end. */
const parseRestriction = (text: string): Restriction => (isLifting(text.trim()) ? NONE : parseNames(text));

/** A list in which neither word stands for a name: as one it would match nothing, and lock everybody out. */
export function parseNames(text: string): readonly string[] {
  const names = parseList(text);
  const word = names.find(isLifting);
  if (word === undefined) return names;
  throw new InvalidArgumentError(
    `'${word}' is no name here. Leave the option out where nothing is restricted.`,
  );
}

/** The wire's grant; null lifts a restriction, an absent one stays. */
export const grantBody = ({ scopes, models, allowedIps, level }: GrantOptions): JsonObject => ({
  ...(scopes !== undefined && { scopes }),
  ...(models !== undefined && { models: wireRestriction(models) }),
  ...(allowedIps !== undefined && { allowed_ips: wireRestriction(allowedIps) }),
  ...(level !== undefined && { level }),
});

const wireRestriction = (restriction: Restriction): readonly string[] | null =>
  restriction === NONE ? null : restriction;
