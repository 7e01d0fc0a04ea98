/** `npm run audit:verify` as an operator runs it: on tables, and on what the archive wrote. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DeleteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { startDynamoDb } from '../../local/dynamodb/start.ts';
import { createTables, tableNamed } from '../../local/dynamodb/tables.ts';
import { localAccess } from '../../local/stack/identity.ts';
import { type Item, text } from '../../shared/aws/attribute.ts';
import { copyKey, eventKey, headKey, toCopyItem, toEventItem } from '../../shared/aws/audit-items.ts';
import { commitAudited } from '../../shared/aws/audited-write.ts';
import { tenantKey } from '../../shared/aws/item-keys.ts';
import { REAL_WAITING } from '../../shared/aws/waiting.ts';
import {
  type AuditEntry,
  type AuditHead,
  type AuditRecord,
  chainAuditEntry,
  EMPTY_CHAIN,
} from '../../shared/domain/audit.ts';
import type { AuditChange } from '../../shared/domain/audit-archive.ts';
import { newTenantRef, ORGANIZATION_REF, projectId, type TenantRef } from '../../shared/domain/ids.ts';
import { ROOT, startProcess } from '../support/child-process.ts';
import { sendersTo } from '../support/dynamodb.ts';

const server = await startDynamoDb();
const senders = server === undefined ? undefined : sendersTo(server.endpoint);
afterAll(async () => {
  senders?.close();
  await server?.close();
});

const entry = (chain: TenantRef, id: string): AuditEntry => ({
  id,
  type: 'project.updated',
  atMs: 1_000,
  actor: { kind: 'key-rotation' },
  request: 'r',
  chain,
  subject: { id },
});

/** The script with its arguments, to its end. */
async function verify(args: readonly string[], endpoint?: string) {
  const script = startProcess({
    command: process.execPath,
    args: [path.join(ROOT, 'scripts/audit-verify.ts'), ...args],
    environment: {
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
      AWS_REGION: 'us-east-1',
    },
  });
  const code = await script.ended;
  const { stdout, stderr } = script.output();
  return { code, lines: stdout.trimEnd().split('\n'), stderr };
}

if (server === undefined || senders === undefined) {
  test('this machine has no local DynamoDB, so no table was verified', () => undefined);
} else {
  const { endpoint } = server;
  const { lean } = senders;
  let stages = 0;

  /** The tables of a stage of its own, with a chain of four events and the organisation's with one. */
  async function makeStage() {
    stages += 1;
    const stage = `verify${stages}`;
    const tables = {
      audit: `bedrock-proxy-${stage}-audit`,
      auditHead: `bedrock-proxy-${stage}-audit-head`,
    };
    await createTables(localAccess(endpoint), Object.values(tables).map(tableNamed));
    const chain = newTenantRef(randomBytes);
    const writer = { dynamo: lean, tables, clock: Date.now, waiting: REAL_WAITING };
    for (const id of ['a', 'b', 'c', 'd']) {
      await commitAudited(writer, { writes: [], audit: [entry(chain, id)] });
    }
    await commitAudited(writer, { writes: [], audit: [entry(ORGANIZATION_REF, 'o')] });
    return { stage, tables, chain };
  }
  type Stage = Awaited<ReturnType<typeof makeStage>>;

  const remove = async (TableName: string, Key: Item): Promise<void> => {
    const client = new DynamoDBClient({ ...localAccess(endpoint) });
    await client.send(new DeleteItemCommand({ TableName, Key }));
    client.destroy();
  };
  const eventAt = async ({ tables, chain }: Stage, sequence: number): Promise<Item> => {
    const { Item: item = {} } = await lean.getItem({
      TableName: tables.audit,
      Key: eventKey(chain, sequence),
    });
    return item;
  };

  describe('on tables', () => {
    test('says of every chain that it holds', async () => {
      const { stage, chain } = await makeStage();
      const { code, lines } = await verify(['--stage', stage], endpoint);
      expect(lines.slice(1).sort()).toEqual(
        ['org  1 event  holds', `${projectId(chain)}  4 events  holds`].sort(),
      );
      expect([code, lines[0]]).toEqual([0, `Verifying stage ${stage} in us-east-1 (${endpoint}).`]);
    }, 60_000);

    test('verifies one chain alone', async () => {
      const { stage, chain } = await makeStage();
      const { lines } = await verify(['--stage', stage, '--project', projectId(chain)], endpoint);
      expect(lines.slice(1)).toEqual([`${projectId(chain)}  4 events  holds`]);
    }, 60_000);

    const putEvent = async (stage: Stage, item: Item) => {
      await lean.putItem({ TableName: stage.tables.audit, Item: item });
    };
    test.each<[string, (stage: Stage) => Promise<unknown>, RegExp]>([
      [
        'an edited event',
        async (stage) => putEvent(stage, { ...(await eventAt(stage, 3)), canonical: text('{}') }),
        /BROKEN at event 3 \(hash\)/,
      ],
      [
        'an event that lost its attributes',
        async (stage) => putEvent(stage, eventKey(stage.chain, 2)),
        /BROKEN at event 2 \(sequence\)/,
      ],
      [
        'an event that was replaced, with a good hash',
        async (stage) => {
          const first = chainAuditEntry(EMPTY_CHAIN, entry(stage.chain, 'forged'));
          await putEvent(stage, toEventItem(stage.chain, first));
        },
        /BROKEN at event 2 \(previous-hash\)/,
      ],
      [
        'a removed event',
        (stage) => remove(stage.tables.audit, eventKey(stage.chain, 2)),
        /BROKEN at event 2 \(sequence\)/,
      ],
      [
        'two events in each other’s place',
        async (stage) => {
          const [two, three] = [await eventAt(stage, 2), await eventAt(stage, 3)];
          await putEvent(stage, { ...three, ...eventKey(stage.chain, 2) });
          await putEvent(stage, { ...two, ...eventKey(stage.chain, 3) });
        },
        /BROKEN at event 2 \(sequence\)/,
      ],
      [
        'a chain that was cut off',
        (stage) => remove(stage.tables.audit, eventKey(stage.chain, 4)),
        /BROKEN at event 4 \(head\)/,
      ],
      [
        'a second event of one sequence',
        async (stage) => {
          const three = await eventAt(stage, 3);
          await putEvent(stage, { ...three, ...eventKey(stage.chain, 4) });
        },
        /BROKEN at event 3 \(fork\)/,
      ],
      [
        'a head that is gone',
        (stage) => remove(stage.tables.auditHead, headKey(stage.chain)),
        /BROKEN at event 5 \(head\)/,
      ],
      [
        'a chain that is gone but for its copies',
        async (stage) => {
          for (const sequence of [1, 2, 3, 4]) {
            await remove(stage.tables.audit, eventKey(stage.chain, sequence));
          }
          await remove(stage.tables.auditHead, headKey(stage.chain));
        },
        /BROKEN at event 1 \(head\)/,
      ],
    ])(
      'names the first broken link of %s',
      async (_, tamper, expected) => {
        const stage = await makeStage();
        await tamper(stage);
        const { code, lines } = await verify(['--stage', stage.stage], endpoint);
        expect(lines.find((line) => line.startsWith(projectId(stage.chain)))).toMatch(expected);
        expect(lines).toContain('org  1 event  holds');
        expect(code).toBe(1);
      },
      60_000,
    );

    const recordsOf = (chain: TenantRef): readonly [AuditRecord, AuditRecord] => {
      const first = chainAuditEntry(EMPTY_CHAIN, entry(chain, 'a'));
      return [first, chainAuditEntry(first, entry(chain, 'b'))];
    };
    test.each<[string, (stage: Stage) => Promise<unknown>, RegExp]>([
      [
        'edited',
        (stage) => {
          const [, second] = recordsOf(stage.chain);
          const forged = { ...second, canonical: second.canonical.replace('"b"', '"x"') };
          return putEvent(stage, toCopyItem(stage.chain, forged));
        },
        /^1 copy does not hold: AT#\S+#0000000000000002 \(differs\)/,
      ],
      [
        'removed',
        (stage) => remove(stage.tables.audit, copyKey(stage.chain, recordsOf(stage.chain)[0])),
        /^1 copy does not hold: AT#\S+#0000000000000001 \(missing\)/,
      ],
      [
        'invented, of an event that is not',
        async (stage) => {
          const [first] = recordsOf(stage.chain);
          await putEvent(stage, toCopyItem(stage.chain, { ...first, sequence: 5 }));
          await putEvent(stage, toCopyItem(stage.chain, { ...first, sequence: 6 }));
        },
        /^2 copies do not hold, the first: AT#\S+#0000000000000005 \(invented\)/,
      ],
      [
        'put at another time as well',
        (stage) => putEvent(stage, toCopyItem(stage.chain, { ...recordsOf(stage.chain)[0], atMs: 2_000 })),
        /^1 copy does not hold: AT#0000000000002000#\S+#0000000000000001 \(invented\)/,
      ],
    ])(
      'finds a copy that was %s, though every chain holds',
      async (_, tamper, expected) => {
        const stage = await makeStage();
        await tamper(stage);
        const chains = [`${projectId(stage.chain)}  4 events  holds`, 'org  1 event  holds'];
        const { code, lines } = await verify(['--stage', stage.stage], endpoint);
        expect(lines.slice(1, -1).sort()).toEqual(chains.sort());
        expect([code, lines.at(-1)]).toEqual([1, expect.stringMatching(expected)]);
      },
      60_000,
    );

    test('finds the copies of one chain alone, where one is asked for', async () => {
      const stage = await makeStage();
      await putEvent(stage, toCopyItem(stage.chain, { ...recordsOf(stage.chain)[0], sequence: 5 }));
      const of = (chain: string) => verify(['--stage', stage.stage, '--project', chain], endpoint);
      expect([(await of(projectId(stage.chain))).code, (await of('org')).code]).toEqual([1, 0]);
    }, 60_000);

    test('finds an item among the copies that names no event, which every list would fail of', async () => {
      const stage = await makeStage();
      await putEvent(stage, { PK: text('ORG'), SK: text('AT#0000000000001000#x') });
      const { code, lines } = await verify(['--stage', stage.stage], endpoint);
      expect([code, lines.at(-1)]).toEqual([1, expect.stringMatching(/AT#0000000000001000#x \(invented\)/)]);
    }, 60_000);

    test('tells a project that never was from one whose chain is gone', async () => {
      const { stage } = await makeStage();
      const config = `bedrock-proxy-${stage}-config`;
      await createTables(localAccess(endpoint), [tableNamed(config)]);
      const chain = newTenantRef(randomBytes);
      const of = () => verify(['--stage', stage, '--project', projectId(chain)], endpoint);
      const never = await of();
      expect([never.code, never.lines.length, never.stderr]).toEqual([
        2,
        1,
        expect.stringContaining(`No such project: ${projectId(chain)}.`),
      ]);
      await lean.putItem({ TableName: config, Item: tenantKey(chain) });
      const gone = await of();
      expect([gone.code, gone.lines.at(-1)]).toEqual([
        1,
        expect.stringMatching(/BROKEN at event 1 \(head\)/),
      ]);
    }, 60_000);

    test('still finds the copy of a chain of which all else is gone', async () => {
      const stage = await makeStage();
      await createTables(localAccess(endpoint), [tableNamed(`bedrock-proxy-${stage.stage}-config`)]);
      const chain = newTenantRef(randomBytes);
      await putEvent(stage, toCopyItem(chain, recordsOf(chain)[0]));
      const { code } = await verify(['--stage', stage.stage, '--project', projectId(chain)], endpoint);
      expect(code).toBe(1);
    }, 60_000);

    test('ends with 2 where there are no tables', async () => {
      const { code, stderr } = await verify(['--stage', 'nowhere'], endpoint);
      expect([code, stderr]).toEqual([2, expect.stringMatching(/./)]);
    }, 60_000);
  });
}

test('never goes to AWS unless told so', async () => {
  const { code, stderr } = await verify(['--stage', 'nowhere']);
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining('No local stack of stage nowhere runs: start one (npm start), or say --aws'),
  ]);
}, 60_000);

describe('on an export', () => {
  const chain = newTenantRef(randomBytes);
  const records: AuditRecord[] = [];
  for (const id of ['a', 'b', 'c']) {
    records.push(chainAuditEntry(records.at(-1) ?? EMPTY_CHAIN, entry(chain, id)));
  }
  const [first, second, third] = records as [AuditRecord, AuditRecord, AuditRecord];
  const event = (record: AuditRecord): AuditChange => ({ kind: 'event', chain, record });
  const head = ({ sequence, atMs, hash }: AuditHead): AuditChange => ({
    kind: 'head',
    chain,
    head: { sequence, atMs, hash },
  });
  const textOf = (changes: readonly AuditChange[]) =>
    changes.map((change) => `${JSON.stringify(change)}\n`).join('');

  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'archive-'));
    await mkdir(path.join(folder, 'audit/2026'), { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true }));

  const forked = chainAuditEntry(first, entry(chain, 'x'));
  const removal: AuditChange = {
    kind: 'tampering',
    table: 'audit',
    change: 'REMOVE',
    item: 'TENANT#1/EV#2',
  };
  const broken = (events: number, link: string) => [
    expect.stringMatching(new RegExp(`^${projectId(chain)}  ${events} events?  BROKEN at event ${link}`)),
  ];
  const incomplete = (events: string, last: number) => [
    expect.stringMatching(new RegExp(`^${projectId(chain)}  ${events}  INCOMPLETE: .* event ${last}\\b`)),
  ];
  const holds = (events: number) => [`${projectId(chain)}  ${events} events  holds`];
  test.each<[string, readonly AuditChange[], number, readonly unknown[]]>([
    ['is whole', [head(third), event(third), event(first), event(second), head(first)], 0, holds(3)],
    ['tells an event twice', [event(first), event(second), event(second), head(second)], 0, holds(2)],
    ['is ahead of its heads', [event(first), event(second), event(third), head(first)], 0, holds(3)],
    ['lacks an event', [event(first), event(third), head(third)], 1, broken(2, '2 \\(sequence\\)')],
    ['is behind its heads', [event(first), event(second), head(third)], 2, incomplete('2 events', 3)],
    ['tells of a chain by its head alone', [head(first)], 2, incomplete('0 events', 1)],
    [
      'is behind one head and contradicts another',
      [event(first), event(second), head(forked), head(third)],
      1,
      broken(2, '2 \\(head\\)'),
    ],
    [
      'is behind its heads and tells of tampering',
      [event(first), removal, head(second)],
      1,
      ['audit/2026/1-2.jsonl:2  TAMPERED: REMOVE of TENANT#1/EV#2 in audit', ...incomplete('1 event', 2)],
    ],
    ['has a fork', [event(first), event(second), event(forked)], 1, broken(3, '2 \\(fork\\)')],
    [
      'was edited',
      [event(first), event({ ...second, canonical: second.canonical.replace('"b"', '"x"') }), event(third)],
      1,
      broken(3, '2 \\(hash\\)'),
    ],
    ['was written anew', [event(first), event(forked), head(second)], 1, broken(2, '2 \\(head\\)')],
    [
      'tells of tampering',
      [event(first), removal, head(first)],
      1,
      [
        'audit/2026/1-2.jsonl:2  TAMPERED: REMOVE of TENANT#1/EV#2 in audit',
        `${projectId(chain)}  1 event  holds`,
      ],
    ],
  ])(
    'which %s',
    async (_, changes, code, lines) => {
      await writeFile(path.join(folder, 'audit/2026/1-2.jsonl'), textOf(changes));
      expect(await verify(['--export', folder])).toMatchObject({ code, lines });
    },
    60_000,
  );

  test('reads one file, and names a line that is none', async () => {
    const file = path.join(folder, 'one.jsonl');
    await writeFile(file, `${textOf([event(first)])}{"kind":"event"}\n`);
    const { code, lines } = await verify(['--export', file]);
    expect([code, lines[0]]).toEqual([1, 'one.jsonl:2  is no line of the archive']);
  }, 60_000);

  test('ends with 2 where there is nothing to read, or the command line is wrong', async () => {
    expect((await verify(['--export', path.join(folder, 'nothing')])).code).toBe(2);
    expect((await verify(['--export', folder])).code).toBe(2);
    expect((await verify(['--project', 'nonsense'])).code).toBe(2);
    expect((await verify(['--help'])).code).toBe(0);
  }, 60_000);
});
