/** What the audit log says of a change: what changed, by its name in the API, with what it was and what it became. */
import type { AuditSubject } from '../../shared/domain/audit.ts';
import { DEFAULT_LIMITS, type LimitSet, type TenantLimits } from '../../shared/domain/limits.ts';
import { limitSetObject, tenantLimitsObject } from './limit-objects.ts';

export type AuditFacts = Omit<AuditSubject, 'id'>;
type Fact = AuditSubject[string];

/** Limits of a project: `limits.usd_per_day: 5` and `previous.limits.usd_per_day: null`. */
export const tenantLimitFacts = (before: TenantLimits, after: TenantLimits): AuditFacts =>
  changedFacts({ limits: tenantLimitsObject(before) }, { limits: tenantLimitsObject(after) });

/** Those that a project begins with beyond what every project has. */
export const firstTenantLimitFacts = (limits: TenantLimits): AuditFacts =>
  newFacts(tenantLimitFacts(DEFAULT_LIMITS, limits));

/** The same of a service account. */
export const accountLimitFacts = (before: LimitSet = {}, after: LimitSet = {}): AuditFacts =>
  changedFacts({ limits: limitSetObject(before) }, { limits: limitSetObject(after) });

export const firstAccountLimitFacts = (limits: LimitSet | undefined): AuditFacts =>
  newFacts(accountLimitFacts({}, limits));

/** Which limits are in shadow, where that changed. */
export const shadowFacts = (before: TenantLimits, after: TenantLimits): AuditFacts =>
  Object.fromEntries(
    Object.entries(tenantLimitFacts(before, after)).filter(([name]) => name.endsWith('.shadow')),
  );

/**
 * What differs between two objects, each value under its dotted path, what it was under `previous.` and that path. Facts
 * are flat, so that a reader of an earlier release reads every event. Null is what is not there; no fact tells an empty
 * list from that.
 */
export function changedFacts(before: object, after: object): AuditFacts {
  const had = new Map(flat(before));
  const has = new Map(flat(after));
  const changed = [...new Set([...has.keys(), ...had.keys()])].filter(
    (name) => JSON.stringify(had.get(name) ?? null) !== JSON.stringify(has.get(name) ?? null),
  );
  return Object.fromEntries(
    changed.flatMap((name) => [
      [name, has.get(name) ?? null],
      [`${PREVIOUS}${name}`, had.get(name) ?? null],
    ]),
  );
}

const PREVIOUS = 'previous.';

/** Facts without what was. */
export const newFacts = (facts: AuditFacts): AuditFacts =>
  Object.fromEntries(Object.entries(facts).filter(([name]) => !name.startsWith(PREVIOUS)));

/** The values of an object by their dotted paths, without empty ones. */
const flat = (object: object, prefix = ''): readonly (readonly [string, Fact])[] =>
  Object.entries(object).flatMap(([name, value]) => {
    const path = `${prefix}${name}`;
    if (Array.isArray(value)) return value.length === 0 ? [] : [[path, value] as const];
    return typeof value === 'object' && value !== null ? flat(value, `${path}.`) : [[path, value] as const];
  });
