/** Verifies what was copied out of the archive: a file of its lines, or a folder of such files. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import {
  type AuditChange,
  type ChainVerdict,
  parseArchiveLine,
  verifyArchive,
} from '../../shared/domain/audit-archive.ts';

export interface ExportVerdict {
  readonly chains: readonly ChainVerdict[];
  /** What the streams told of and this product never does, and lines that are none of the archive's. */
  readonly findings: readonly string[];
}

/** Rejects where there is no such file or folder. */
export async function verifyExport(location: string): Promise<ExportVerdict> {
  const changes: AuditChange[] = [];
  const findings: string[] = [];
  for (const file of await filesOf(location)) {
    let number = 0;
    for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      number += 1;
      const change = parseArchiveLine(text);
      const place = `${path.relative(location, file) || path.basename(file)}:${number}`;
      if (change === undefined) findings.push(`${place}  is no line of the archive`);
      else if (change.kind === 'tampering')
        findings.push(`${place}  TAMPERED: ${change.change} of ${change.item} in ${change.table}`);
      else changes.push(change);
    }
  }
  return { chains: verifyArchive(changes), findings };
}

async function filesOf(location: string): Promise<readonly string[]> {
  if ((await stat(location)).isFile()) return [location];
  const files = (await readdir(location, { recursive: true })).filter((file) => file.endsWith('.jsonl'));
  if (files.length === 0) throw new Error(`${location} holds no .jsonl file.`);
  return files.sort().map((file) => path.join(location, file));
}
