/** The archive in memory: gone with the process. */
import type { AuditArchive } from '../../shared/ports.ts';

export interface MemoryAuditArchive extends AuditArchive {
  /** Bodies by name. */
  readonly objects: ReadonlyMap<string, string>;
}

export function createMemoryAuditArchive(): MemoryAuditArchive {
  const objects = new Map<string, string>();
  return {
    objects,
    async put({ name, body }) {
      if (!objects.has(name)) objects.set(name, body);
    },
  };
}
