/** Audit entries of what is done to keys: the change is the step's to know, who did it its caller's. */
import type { AuditActor, AuditEntry } from '../domain/audit.ts';

/** Makes the audit entry of a change. `step` tells repeats of one type apart. */
export type AuditOf = (
  change: Pick<AuditEntry, 'type' | 'chain' | 'subject'> & { readonly step?: string | number },
) => AuditEntry;

/** Entries by one actor in one request. An id is deterministic: by what changed and, where it can recur, the step. */
export const auditsBy =
  (by: { readonly actor: AuditActor; readonly request: string; readonly atMs: number }): AuditOf =>
  ({ step, ...change }) => ({
    ...change,
    ...by,
    id: [change.type, change.subject.id, ...(step === undefined ? [] : [step])].join(':'),
  });
