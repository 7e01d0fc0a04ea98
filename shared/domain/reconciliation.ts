/** The ledger held against Bedrock's own log of invocations, request by request, and drift told by tenant and model. */
import { projectId } from './ids.ts';
import { modelBehind } from './model-access.ts';
import type { UsageRecord } from './usage.ts';

/** The classes of tokens that both sides count, which do not overlap. */
export const TOKEN_CLASSES = ['input', 'output', 'cacheRead', 'cacheWrite'] as const;
export type TokenClass = (typeof TOKEN_CLASSES)[number];
export type TokenCounts = Readonly<Record<TokenClass, number>>;

/** One invocation as Bedrock logged it, of a request of ours. */
export interface LoggedCall {
  /** Bedrock's own id of the invocation: what is delivered twice counts once. */
  readonly invocation: string;
  /** Our id, from the tag `bp:request`. */
  readonly request: string;
  /** `proj_…`, from the tag `bp:project`. */
  readonly project: string;
  /** The model's id, without an inference profile. */
  readonly model: string;
  readonly tokens: TokenCounts;
}

/** A request that does not agree; `tokens` are Bedrock's less the ledger's. */
export interface RequestDrift {
  readonly request: string;
  readonly kind: 'only-ledger' | 'only-bedrock' | 'tokens';
  readonly tokens: TokenCounts;
}

/** How ledger and log differ for one tenant and model. */
export interface CallDrift {
  readonly project: string;
  readonly model: string;
  /** Requests that both have. */
  readonly matched: number;
  /** Only the ledger has them, though Bedrock's own counts are in it: the log lost them. */
  readonly onlyLedger: number;
  /** Only the log has them: nobody was charged. */
  readonly onlyBedrock: number;
  /** Charged by a bound, because no count arrived, and not more by Bedrock's log: as expected, whether it has them or not. */
  readonly boundsHeld: number;
  /** Bedrock's tokens less the ledger's, over the requests that both counted, and bounds that were too low. */
  readonly tokens: TokenCounts;
  /** Bedrock's tokens of the same requests: what a tolerance is a part of. */
  readonly loggedTokens: TokenCounts;
  /** In the order of request ids. */
  readonly requests: readonly RequestDrift[];
}

export const NO_TOKENS: TokenCounts = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

const combine = (
  one: TokenCounts,
  other: TokenCounts,
  by: (one: number, other: number) => number,
): TokenCounts => ({
  input: by(one.input, other.input),
  output: by(one.output, other.output),
  cacheRead: by(one.cacheRead, other.cacheRead),
  cacheWrite: by(one.cacheWrite, other.cacheWrite),
});
const plus = (one: number, other: number): number => one + other;
const minus = (one: number, other: number): number => one - other;
const isNothing = (tokens: TokenCounts): boolean => TOKEN_CLASSES.every((name) => tokens[name] === 0);

/**
 * By tenant and model, in order. Records without a charge whose call failed are expected to be in no log. A request may
 * have several invocations, which count together. A request that the log ascribes to another tenant than the ledger
 * does is drift of both.
 */
export function reconcileCalls(of: {
  readonly ledger: readonly UsageRecord[];
  readonly calls: readonly LoggedCall[];
}): readonly CallDrift[] {
  const logged = byRequest(of.calls);
  const groups = new Map<string, CallDrift>();
  for (const record of of.ledger) {
    const place = { project: projectId(record.tenant), model: modelBehind(record.model) };
    const name = `${place.project}/${record.request}`;
    const call = logged.get(name);
    logged.delete(name);
    addTo(groups, { ...place, change: judged(record, call) });
  }
  for (const { request, project, model, tokens } of logged.values()) {
    const drift: RequestDrift = { request, kind: 'only-bedrock', tokens };
    addTo(groups, { project, model, change: { onlyBedrock: 1, requests: [drift] } });
  }
  return [...groups.values()].sort(byPlace).map((group) => ({
    ...group,
    requests: group.requests.toSorted((one, other) => (one.request < other.request ? -1 : 1)),
  }));
}

const byPlace = (
  one: { readonly project: string; readonly model: string },
  other: { readonly project: string; readonly model: string },
): number => (`${one.project} ${one.model}` < `${other.project} ${other.model}` ? -1 : 1);

/** The invocations of each request together, each once. */
function byRequest(calls: readonly LoggedCall[]): Map<string, LoggedCall> {
  const seen = new Set<string>();
  const requests = new Map<string, LoggedCall>();
  for (const call of calls) {
    if (seen.has(call.invocation)) continue;
    seen.add(call.invocation);
    const name = `${call.project}/${call.request}`;
    const before = requests.get(name);
    const tokens = before === undefined ? call.tokens : combine(before.tokens, call.tokens, plus);
    requests.set(name, { ...call, tokens });
  }
  return requests;
}

type Change = Partial<Omit<CallDrift, 'project' | 'model'>>;

function judged(record: UsageRecord, call: LoggedCall | undefined): Change {
  const { request, usage } = record;
  const charged = combine(usage, NO_TOKENS, plus);
  if (call === undefined) {
    if (record.estimated) return { boundsHeld: 1 };
    if (isNothing(charged) && record.nanoUsd === 0) return {};
    const tokens = combine(NO_TOKENS, charged, minus);
    return { onlyLedger: 1, requests: [{ request, kind: 'only-ledger', tokens }] };
  }
  const tokens = combine(call.tokens, charged, minus);
  // A bound does not know the classes: it holds where all tokens together are no more than was charged.
  if (record.estimated && TOKEN_CLASSES.reduce((sum, name) => sum + tokens[name], 0) <= 0)
    return { matched: 1, boundsHeld: 1 };
  const requests: readonly RequestDrift[] = isNothing(tokens) ? [] : [{ request, kind: 'tokens', tokens }];
  return { matched: 1, tokens, loggedTokens: call.tokens, requests };
}

function addTo(
  groups: Map<string, CallDrift>,
  of: { readonly project: string; readonly model: string; readonly change: Change },
): void {
  const { project, model, change } = of;
  const name = `${project} ${model}`;
  const before = groups.get(name) ?? emptyDrift(project, model);
  groups.set(name, {
    ...before,
    matched: before.matched + (change.matched ?? 0),
    onlyLedger: before.onlyLedger + (change.onlyLedger ?? 0),
    onlyBedrock: before.onlyBedrock + (change.onlyBedrock ?? 0),
    boundsHeld: before.boundsHeld + (change.boundsHeld ?? 0),
    tokens: combine(before.tokens, change.tokens ?? NO_TOKENS, plus),
    loggedTokens: combine(before.loggedTokens, change.loggedTokens ?? NO_TOKENS, plus),
    requests: change.requests === undefined ? before.requests : before.requests.concat(change.requests),
  });
}

const emptyDrift = (project: string, model: string): CallDrift => ({
  ...{ project, model, matched: 0, onlyLedger: 0, onlyBedrock: 0, boundsHeld: 0 },
  ...{ tokens: NO_TOKENS, loggedTokens: NO_TOKENS, requests: [] },
});

/**
 * Whether a difference passes what is tolerated, in percent of Bedrock's count of each class. Requests that only one
 * side has are never tolerated, nor are tokens of single requests that cancel each other out.
 */
export const callsDrift = (drift: CallDrift, tolerancePercent: number): boolean =>
  drift.onlyLedger > 0 ||
  drift.onlyBedrock > 0 ||
  TOKEN_CLASSES.some((name) => {
    const apart = drift.requests.reduce((sum, { tokens }) => sum + Math.abs(tokens[name]), 0);
    return apart * 100 > drift.loggedTokens[name] * tolerancePercent;
  });
