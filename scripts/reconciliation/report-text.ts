/** What a reconciliation found, for people and for programs. */
import { type CallDrift, callsDrift, TOKEN_CLASSES } from '../../shared/domain/reconciliation.ts';
import { type BillDrift, billDrifts } from '../../shared/domain/reconciliation-bill.ts';
import type { Unreadable } from './input-files.ts';

export interface Findings {
  readonly ledgerRecords: number;
  readonly tolerancePercent: number;
  /** Against the invocation log, where one was given. */
  readonly calls?: {
    readonly drifts: readonly CallDrift[];
    readonly foreign: number;
    readonly outside: number;
  };
  /** Against the bill, where one was given. */
  readonly bill?: { readonly drifts: readonly BillDrift[]; readonly others: number };
  readonly unreadable: readonly Unreadable[];
}

export type Outcome = 'agrees' | 'drift' | 'incomplete' | 'nothing';

/** What could not be read might be what is missing, and nothing agrees with everything: neither is said to agree. */
export function outcomeOf(findings: Findings): Outcome {
  const { calls, bill, unreadable, tolerancePercent } = findings;
  if (unreadable.length > 0) return 'incomplete';
  const isDrift =
    calls?.drifts.some((drift) => callsDrift(drift, tolerancePercent)) === true ||
    bill?.drifts.some((drift) => billDrifts(drift, tolerancePercent)) === true;
  if (isDrift) return 'drift';
  return isEmpty(findings) ? 'nothing' : 'agrees';
}

/** Whether one of the comparisons had nothing of ours on either side. */
const isEmpty = ({ ledgerRecords, calls, bill }: Findings): boolean =>
  ledgerRecords === 0 && (calls?.drifts.length === 0 || bill?.drifts.length === 0);

/** Requests that are named one by one, for each tenant and model. */
const REQUESTS_SHOWN = 20;
const UNREADABLE_SHOWN = 20;

/** Lines for a person. */
export function findingsText(findings: Findings): string {
  const { calls, bill, unreadable, tolerancePercent } = findings;
  const lines = [`Ledger: ${counted(findings.ledgerRecords, 'request')}.`];
  if (calls !== undefined) {
    lines.push(
      '',
      `Invocation log (${counted(calls.foreign, 'invocation')} without our tags, ${calls.outside} outside the range)`,
    );
    for (const drift of calls.drifts) lines.push(...callLines(drift, tolerancePercent));
  }
  if (bill !== undefined) {
    lines.push('', `Cost and usage report (${counted(bill.others, 'row')} of something else)`);
    for (const drift of bill.drifts) lines.push(billLine(drift, tolerancePercent));
  }
  if (unreadable.length > 0) lines.push('', `Not readable: ${unreadable.length}`);
  for (const { place, reason } of unreadable.slice(0, UNREADABLE_SHOWN)) lines.push(`  ${place} ${reason}`);
  return [...lines, '', SENTENCES[outcomeOf(findings)]].join('\n');
}

const SENTENCES: Readonly<Record<Outcome, string>> = {
  agrees: 'They agree.',
  drift: 'They do not agree.',
  nothing: 'There is nothing in this range on either side: is it the right one?',
  incomplete: 'What could not be read may be what is missing: it cannot be told whether they agree.',
};

function callLines(drift: CallDrift, tolerancePercent: number): readonly string[] {
  const { matched, onlyLedger, onlyBedrock, boundsHeld, requests } = drift;
  const verdict = callsDrift(drift, tolerancePercent) ? 'DRIFT ' : 'agrees';
  const apart = TOKEN_CLASSES.filter((name) => drift.tokens[name] !== 0).map(
    (name) => `${name} ${signed(drift.tokens[name])}`,
  );
  const shown = requests
    .slice(0, REQUESTS_SHOWN)
    .map(
      ({ request, kind, tokens }) =>
        `            ${request} ${kind}: ${TOKEN_CLASSES.map((name) => `${name} ${signed(tokens[name])}`).join(', ')}`,
    );
  const more =
    requests.length > REQUESTS_SHOWN ? [`            and ${requests.length - REQUESTS_SHOWN} more`] : [];
  return [
    `  ${verdict}  ${drift.project} ${drift.model}`,
    `          both ${matched}, only ledger ${onlyLedger}, only Bedrock ${onlyBedrock}, charged by a bound ${boundsHeld}`,
    ...(apart.length > 0 ? [`          Bedrock less ledger: ${apart.join(', ')}`] : []),
    ...shown,
    ...more,
  ];
}

function billLine(drift: BillDrift, tolerancePercent: number): string {
  const { ledgerNanoUsd, boundsNanoUsd, billedNanoUsd } = drift;
  const verdict = billDrifts(drift, tolerancePercent) ? 'DRIFT ' : 'agrees';
  const bounds = boundsNanoUsd > 0 ? `, of it by bounds ${boundsNanoUsd}` : '';
  const apart = billedNanoUsd - ledgerNanoUsd;
  return `  ${verdict}  ${drift.project} ${drift.model}: ledger ${ledgerNanoUsd}${bounds}, bill ${billedNanoUsd}, bill less ledger ${signed(apart)} nano-USD (${percentOf(apart, billedNanoUsd)})`;
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const signed = (value: number): string => (value > 0 ? `+${value}` : `${value}`);

const percentOf = (part: number, whole: number): string =>
  whole === 0 ? 'nothing billed' : `${((part * 100) / whole).toFixed(3)} %`;

/** The same for a program, with a verdict for each tenant and model. */
export function findingsJson(findings: Findings): object {
  const { calls, bill, tolerancePercent } = findings;
  const of = <Drift>(drifts: readonly Drift[], judge: (drift: Drift, percent: number) => boolean) =>
    drifts.map((drift) => ({ ...drift, isDrift: judge(drift, tolerancePercent) }));
  return {
    outcome: outcomeOf(findings),
    ...findings,
    ...(calls !== undefined && { calls: { ...calls, drifts: of(calls.drifts, callsDrift) } }),
    ...(bill !== undefined && { bill: { ...bill, drifts: of(bill.drifts, billDrifts) } }),
  };
}
