import type { AuditBatch } from '../../shared/domain/audit-archive.ts';
import type { AuditArchive, Log } from '../../shared/ports.ts';

export interface AuditArchivePorts<Event> {
  /** Reads what Lambda was given. */
  readonly read: (event: Event) => AuditBatch;
  readonly archive: AuditArchive;
  readonly log: Log;
}

export interface ArchiveReport {
  /** Lines written, or found written already. */
  readonly archived: number;
  readonly tampered: number;
}

/**
 * Copies what the audit tables' streams tell into the archive, one object a batch. Its name and its text follow
 * from the batch alone, so that a batch delivered again writes nothing new. What the tables' own writers never do
 * is archived too, and is the error `audit-tampered` in the log, which raises an alarm (resources/observability).
 */
export function createHandler<Event>(ports: AuditArchivePorts<Event>) {
  return async (event: Event): Promise<ArchiveReport> => {
    const batch = ports.read(event);
    const tampered = batch.changes.filter((change) => change.kind === 'tampering');
    for (const { table, change, item } of tampered) {
      ports.log.write({ level: 'error', event: 'audit-tampered', table, change, item });
    }
    const report = { archived: batch.changes.length, tampered: tampered.length };
    if (report.archived === 0) return report;
    await ports.archive.put({
      account: batch.account,
      name: nameOf(batch),
      body: batch.changes.map((change) => `${JSON.stringify(change)}\n`).join(''),
    });
    ports.log.write({ level: 'info', event: 'audit-archived', table: batch.table, ...report });
    return report;
  };
}

/** `audit/2026/11/20/<first>-<last>.jsonl`, by the day on which the batch's first change was made. */
function nameOf(batch: AuditBatch): string {
  const day = new Date(batch.startedAtMs).toISOString().slice(0, 10).replaceAll('-', '/');
  return `${batch.table}/${day}/${batch.firstSequenceNumber}-${batch.lastSequenceNumber}.jsonl`;
}
