import { randomBytes } from 'node:crypto';
import { createHandler } from '../../functions/audit-archive/create-handler.ts';
import { createMemoryAuditArchive } from '../../local/memory/audit-archive.ts';
import { type Item, integer, text } from '../../shared/aws/attribute.ts';
import { copyKey, eventKey, headKey, toCopyItem, toEventItem } from '../../shared/aws/audit-items.ts';
import { readAuditStream, type StreamEvent } from '../../shared/aws/audit-stream.ts';
import {
  type AuditEntry,
  type AuditRecord,
  chainAuditEntry,
  EMPTY_CHAIN,
} from '../../shared/domain/audit.ts';
import { parseArchiveLine, verifyArchive } from '../../shared/domain/audit-archive.ts';
import { newTenantRef } from '../../shared/domain/ids.ts';
import { NOON_MS, recordingLog } from '../support/gateway-event.ts';

const TABLES = { audit: 'bedrock-proxy-dev-audit', auditHead: 'bedrock-proxy-dev-audit-head' };
const CHAIN = newTenantRef(randomBytes);

const entry = (id: string): AuditEntry => ({
  id,
  type: 'project.updated',
  atMs: NOON_MS,
  actor: { kind: 'key-rotation' },
  request: 'r',
  chain: CHAIN,
  subject: { id },
});
const first = chainAuditEntry(EMPTY_CHAIN, entry('a'));
const second = chainAuditEntry(first, entry('b'));

type Record = StreamEvent['Records'][number];
type Change = Pick<Record, 'eventName'> & { readonly before?: Item; readonly after?: Item };

/** A batch as Lambda hands it over. */
const batchOf = (table: string, ...changes: readonly Change[]): StreamEvent => ({
  Records: changes.map(({ eventName, before, after }, index) => {
    const { PK = text(''), SK = text('') } = after ?? before ?? {};
    return {
      eventName: eventName ?? 'INSERT',
      eventSourceARN: `arn:aws:dynamodb:eu-central-1:123456789012:table/${table}/stream/2026-11-20T00:00:00.000`,
      dynamodb: {
        Keys: { PK, SK },
        ...(before !== undefined && { OldImage: before }),
        ...(after !== undefined && { NewImage: after }),
        SequenceNumber: `10000000000000000000${index + 1}`,
        ApproximateCreationDateTime: NOON_MS / 1000,
      },
    };
  }),
});

const headItem = (record: AuditRecord): Item => ({
  ...headKey(CHAIN),
  sequence: integer(record.sequence),
  atMs: integer(record.atMs),
  hash: text(record.hash),
});

function archiver() {
  const archive = createMemoryAuditArchive();
  const log = recordingLog();
  const read = (event: StreamEvent) => readAuditStream(TABLES, event);
  const lines = () =>
    [...archive.objects.values()].flatMap((body) => body.trimEnd().split('\n').map(parseArchiveLine));
  return { handle: createHandler({ read, archive, log }), archive, log, lines };
}

describe('the archive of the audit log', () => {
  test('keeps each event once, with its link of the chain, under a name that follows from the batch', async () => {
    const { handle, archive, lines, log } = archiver();
    const records = [first, second];
    const items = records.flatMap((record) => [
      { after: toEventItem(CHAIN, record) },
      { after: toCopyItem(CHAIN, record) },
    ]);
    const report = await handle(batchOf(TABLES.audit, ...items));
    expect(report).toEqual({ archived: 2, tampered: 0 });
    expect([...archive.objects.keys()]).toEqual([
      'audit/2026/11/20/100000000000000000001-100000000000000000004.jsonl',
    ]);
    expect(lines()).toEqual(records.map((record) => ({ kind: 'event', chain: CHAIN, record })));
    expect(log.events).toEqual([expect.objectContaining({ level: 'info', event: 'audit-archived' })]);
  });

  test('keeps the heads as they move, apart from the events', async () => {
    const { handle, archive, lines } = archiver();
    await handle(
      batchOf(
        TABLES.auditHead,
        { after: headItem(first) },
        { eventName: 'MODIFY', before: headItem(first), after: headItem(second) },
      ),
    );
    const heads = [first, second].map(({ sequence, atMs, hash }) => ({ sequence, atMs, hash }));
    expect(lines()).toEqual(heads.map((head) => ({ kind: 'head', chain: CHAIN, head })));
    expect([...archive.objects.keys()][0]).toMatch(/^audit-head\//);
  });

  test('writes a batch that is delivered again under its own name, with the same text', async () => {
    const { handle, archive } = archiver();
    const batch = batchOf(TABLES.audit, { after: toEventItem(CHAIN, first) });
    await handle(batch);
    const before = [...archive.objects];
    await handle(batch);
    expect([...archive.objects]).toEqual(before);
  });

  test('holds what verification finds whole, however the batches were cut', async () => {
    const { handle, lines } = archiver();
    await handle(batchOf(TABLES.auditHead, { after: headItem(second) }));
    await handle(batchOf(TABLES.audit, { after: toEventItem(CHAIN, second) }));
    await handle(
      batchOf(TABLES.audit, ...[first, second].map((one) => ({ after: toEventItem(CHAIN, one) }))),
    );
    expect(verifyArchive(lines().flatMap((line) => line ?? []))).toEqual([
      { chain: CHAIN, events: 2, broken: undefined },
    ]);
  });

  const edited = { ...toEventItem(CHAIN, second), canonical: text('{}') };
  const foreign = { ...toEventItem(CHAIN, second), PK: text(`TENANT#${newTenantRef(randomBytes)}`) };
  test.each<[string, string, Change, string]>([
    [
      'an event that was edited',
      TABLES.audit,
      { eventName: 'MODIFY', before: toEventItem(CHAIN, second), after: edited },
      'MODIFY',
    ],
    [
      'an event that was removed',
      TABLES.audit,
      { eventName: 'REMOVE', before: toEventItem(CHAIN, first) },
      'REMOVE',
    ],
    [
      'a copy that was removed',
      TABLES.audit,
      { eventName: 'REMOVE', before: toCopyItem(CHAIN, first) },
      'REMOVE',
    ],
    ['an item that is no event', TABLES.audit, { after: edited }, 'INSERT'],
    ['an event in the partition of another', TABLES.audit, { after: foreign }, 'INSERT'],
    [
      'an event in the place of another',
      TABLES.audit,
      { after: { ...toEventItem(CHAIN, second), ...eventKey(CHAIN, 7) } },
      'INSERT',
    ],
    ['a copy that is no event', TABLES.audit, { after: copyKey(CHAIN, first) }, 'INSERT'],
    [
      'a copy at another time than its event’s',
      TABLES.audit,
      { after: { ...toCopyItem(CHAIN, second), ...copyKey(CHAIN, { ...second, atMs: NOON_MS + 1 }) } },
      'INSERT',
    ],
    [
      'a copy in the place of another',
      TABLES.audit,
      { after: { ...toCopyItem(CHAIN, second), ...copyKey(CHAIN, first) } },
      'INSERT',
    ],
    [
      'a copy under the name of another chain',
      TABLES.audit,
      { after: { ...toCopyItem(CHAIN, second), ...copyKey(newTenantRef(randomBytes), second) } },
      'INSERT',
    ],
    [
      'a head that went back',
      TABLES.auditHead,
      { eventName: 'MODIFY', before: headItem(second), after: headItem(first) },
      'MODIFY',
    ],
    [
      'a head that was changed where it was',
      TABLES.auditHead,
      {
        eventName: 'MODIFY',
        before: headItem(second),
        after: { ...headItem(second), hash: text(first.hash) },
      },
      'MODIFY',
    ],
    [
      'a head that was removed',
      TABLES.auditHead,
      { eventName: 'REMOVE', before: headItem(second) },
      'REMOVE',
    ],
    ['a head that is none', TABLES.auditHead, { after: { ...headKey(CHAIN), hash: text('x') } }, 'INSERT'],
  ])('keeps %s, as it was and is, and raises the alarm', async (_, table, changed, change) => {
    const { handle, lines, log } = archiver();
    const batch = batchOf(table, changed);
    expect(await handle(batch)).toEqual({ archived: 1, tampered: 1 });
    const keys = batch.Records[0]?.dynamodb?.Keys;
    const facts = {
      table: table === TABLES.audit ? 'audit' : 'audit-head',
      change,
      item: `${keys?.['PK']?.S}/${keys?.['SK']?.S}`,
    };
    const { before, after } = changed;
    expect(lines()).toEqual([
      {
        kind: 'tampering',
        ...facts,
        ...(before !== undefined && { before }),
        ...(after !== undefined && { after }),
      },
    ]);
    expect(log.events[0]).toEqual({ level: 'error', event: 'audit-tampered', ...facts });
  });

  test('writes no object for a batch of copies alone', async () => {
    const { handle, archive } = archiver();
    expect(await handle(batchOf(TABLES.audit, { after: toCopyItem(CHAIN, first) }))).toEqual({
      archived: 0,
      tampered: 0,
    });
    expect(archive.objects.size).toBe(0);
  });

  test('fails where the archive does, so that the batch is delivered again', async () => {
    const { log } = archiver();
    const put = () => Promise.reject(new Error('down'));
    const read = (event: StreamEvent) => readAuditStream(TABLES, event);
    const handle = createHandler({ read, archive: { put }, log });
    await expect(handle(batchOf(TABLES.audit, { after: toEventItem(CHAIN, first) }))).rejects.toThrow('down');
  });

  test.each([
    ['another table', batchOf('bedrock-proxy-dev-config', { after: toEventItem(CHAIN, first) })],
    ['nothing', { Records: [] }],
  ])('refuses the stream of %s', async (_, event) => {
    await expect(archiver().handle(event)).rejects.toBeInstanceOf(TypeError);
  });
});
