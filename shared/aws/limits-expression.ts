/**
 * The writes on a limits item. Each is one UpdateItem whose condition makes it safe to repeat: a transport may send
 * it again after a lost response, and the second arrival finds the entry already in its new state.
 */
import type { AttributeValue, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { Admission } from '../domain/admission.ts';
import { amountFor, type CounterIdentity, counterName } from '../domain/counter.ts';
import type { RequestId, TenantRef } from '../domain/ids.ts';
import type { Amounts } from '../domain/limits.ts';
import { DEBT, entryName, INFLIGHT, LIMITS_VERSION, limitsKey } from './limits-item.ts';

/** One part of a condition; all parts must hold. An absent number counts as passed: counters begin at their first ADD. */
export type Condition =
  | { readonly test: 'absent'; readonly name: string }
  | { readonly test: 'equals'; readonly name: string; readonly value: string | number }
  | { readonly test: 'absent-or-at-most'; readonly name: string; readonly bound: number }
  | { readonly test: 'absent-or-below'; readonly name: string; readonly bound: number };

/** Attribute and value; a list of them, since an object whose keys are request ids is never of the same shape twice. */
type Assignment<Value> = readonly [attribute: string, value: Value];

interface UpdateParts {
  readonly table: string;
  readonly tenant: TenantRef;
  readonly set?: readonly Assignment<string | number>[];
  readonly add?: readonly Assignment<number>[];
  readonly remove: readonly string[];
  readonly conditions: readonly Condition[];
  readonly returns: 'ALL_NEW' | 'UPDATED_NEW' | 'NONE';
}

/** Where a write goes, and which entries of finished requests it takes along to the bin. */
export interface WriteTarget {
  readonly table: string;
  readonly tenant: TenantRef;
  readonly removable: readonly RequestId[];
}

/** A change of what a request's counters hold; undefined is no request at all. */
export interface Change {
  readonly counters: readonly CounterIdentity[];
  readonly from: Amounts | undefined;
  readonly to: Amounts | undefined;
}

/**
 * Reserves. Invariant: where it succeeds, every limited counter held at most `limit − amount` before, hence at most
 * `limit` after; the caller has checked `amount ≤ limit`, which the absent branch does not.
 */
export function admitUpdate(
  target: WriteTarget,
  admission: Admission,
  entry: string,
): UpdateItemCommandInput {
  return updateOf({
    ...target,
    set: [
      [entryName(admission.request), entry],
      [LIMITS_VERSION, admission.limitsVersion],
    ],
    add: [
      ...admission.charges.map((charge) => [counterName(charge), charge.amount] as const),
      ...debtDifference({ from: undefined, to: admission.reserved }),
      [INFLIGHT, 1],
    ],
    remove: target.removable.map(entryName),
    conditions: [
      { test: 'absent', name: entryName(admission.request) },
      { test: 'absent-or-at-most', name: LIMITS_VERSION, bound: admission.limitsVersion },
      ...admission.charges.flatMap((charge): readonly Condition[] =>
        charge.limit === undefined
          ? []
          : [{ test: 'absent-or-at-most', name: counterName(charge), bound: charge.limit - charge.amount }],
      ),
      { test: 'absent-or-below', name: INFLIGHT, bound: admission.inflightMax },
    ],
    returns: 'UPDATED_NEW',
  });
}

/** Flips exactly this R to an S and corrects its own periods from the reserved to the used amounts. */
export const settleUpdate = (
  target: WriteTarget,
  of: {
    readonly request: RequestId;
    readonly reserved: string;
    readonly settled: string;
    readonly change: Change;
  },
): UpdateItemCommandInput =>
  updateOf({
    ...target,
    set: [[entryName(of.request), of.settled]],
    add: [...differences(of.change), [INFLIGHT, -1]],
    remove: target.removable.map(entryName),
    conditions: [{ test: 'equals', name: entryName(of.request), value: of.reserved }],
    returns: 'ALL_NEW',
  });

/** Charges a request that has no entry and no record: an S comes into being with its amounts, once. */
export const chargeUpdate = (
  target: WriteTarget,
  of: { readonly request: RequestId; readonly settled: string; readonly change: Omit<Change, 'from'> },
): UpdateItemCommandInput =>
  updateOf({
    ...target,
    set: [[entryName(of.request), of.settled]],
    add: differences({ ...of.change, from: undefined }),
    remove: target.removable.map(entryName),
    conditions: [{ test: 'absent', name: entryName(of.request) }],
    returns: 'ALL_NEW',
  });

/** Gives back what a late duplicate of an admission set aside, after its request was settled and recorded. */
export const releaseUpdate = (
  target: WriteTarget,
  of: { readonly request: RequestId; readonly reserved: string; readonly change: Omit<Change, 'to'> },
): UpdateItemCommandInput =>
  updateOf({
    ...target,
    add: [...differences({ ...of.change, to: undefined }), [INFLIGHT, -1]],
    remove: [entryName(of.request), ...target.removable.map(entryName)],
    conditions: [{ test: 'equals', name: entryName(of.request), value: of.reserved }],
    returns: 'NONE',
  });

/** Removes attributes that still hold exactly what was seen; where one changed, nothing is removed. */
export const removeUpdate = (
  target: Omit<WriteTarget, 'removable'>,
  seen: readonly { readonly name: string; readonly value: string | number }[],
): UpdateItemCommandInput =>
  updateOf({
    ...target,
    remove: seen.map(({ name }) => name),
    conditions: seen.map(({ name, value }) => ({ test: 'equals', name, value })),
    returns: 'NONE',
  });

/** Sets numbers that a rebuild worked out, where all that it saw still holds what it held; undefined is no attribute. */
export const rebuildUpdate = (
  target: Omit<WriteTarget, 'removable'>,
  of: {
    readonly set: readonly (readonly [name: string, value: number])[];
    readonly seen: ReadonlyMap<string, number | undefined>;
  },
): UpdateItemCommandInput =>
  updateOf({
    ...target,
    set: of.set,
    remove: [],
    conditions: [...of.seen].map(([name, value]) =>
      value === undefined ? { test: 'absent', name } : { test: 'equals', name, value },
    ),
    returns: 'NONE',
  });

/** A settlement leaves the count of requests as it is, so half of the counters need no mention. */
function differences({ counters, from, to }: Change): readonly Assignment<number>[] {
  const ofCounters = counters
    .map(
      (counter) =>
        [counterName(counter), amountFor(counter.kind, to) - amountFor(counter.kind, from)] as const,
    )
    .filter(([, difference]) => difference !== 0);
  return [...ofCounters, ...debtDifference({ from, to })];
}

function debtDifference({ from, to }: Omit<Change, 'counters'>): readonly Assignment<number>[] {
  const difference = (to?.debtNanoUsd ?? 0) - (from?.debtNanoUsd ?? 0);
  return difference === 0 ? [] : [[DEBT, difference]];
}

/** Spells the parts out, with a placeholder for every name and value. */
function updateOf(parts: UpdateParts): UpdateItemCommandInput {
  const names = new Map<string, string>();
  const values = new Map<string, AttributeValue>();
  const name = (attribute: string): string => {
    const placeholder = names.get(attribute) ?? `#${names.size}`;
    names.set(attribute, placeholder);
    return placeholder;
  };
  const value = (of: string | number): string => {
    const placeholder = `:${values.size}`;
    values.set(placeholder, typeof of === 'string' ? { S: of } : { N: String(of) });
    return placeholder;
  };
  const spell = (condition: Condition): string => {
    const left = name(condition.name);
    switch (condition.test) {
      case 'absent':
        return `attribute_not_exists(${left})`;
      case 'equals':
        return `${left} = ${value(condition.value)}`;
      case 'absent-or-at-most':
        return `(attribute_not_exists(${left}) OR ${left} <= ${value(condition.bound)})`;
      case 'absent-or-below':
        return `(attribute_not_exists(${left}) OR ${left} < ${value(condition.bound)})`;
    }
  };
  const clauses = [
    clause(
      'SET',
      (parts.set ?? []).map(([of, to]) => `${name(of)} = ${value(to)}`),
    ),
    clause(
      'ADD',
      (parts.add ?? []).map(([of, by]) => `${name(of)} ${value(by)}`),
    ),
    clause('REMOVE', parts.remove.map(name)),
  ];
  const condition = parts.conditions.map(spell).join(' AND ');
  return {
    TableName: parts.table,
    Key: limitsKey(parts.tenant),
    UpdateExpression: clauses.filter((text) => text !== '').join(' '),
    ConditionExpression: condition,
    ExpressionAttributeNames: Object.fromEntries(
      [...names].map(([attribute, placeholder]) => [placeholder, attribute]),
    ),
    ...(values.size > 0 && { ExpressionAttributeValues: Object.fromEntries(values) }),
    ReturnValues: parts.returns,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

const clause = (word: string, actions: readonly string[]): string =>
  actions.length === 0 ? '' : `${word} ${actions.join(', ')}`;
