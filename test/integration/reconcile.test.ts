/** `npm run reconcile` as an operator runs it: on files, on S3's protocol and on tables. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { startDynamoDb } from '../../local/dynamodb/start.ts';
import { createTables, tableNamed } from '../../local/dynamodb/tables.ts';
import { localAccess } from '../../local/stack/identity.ts';
import { readLedgerFile } from '../../scripts/reconciliation/ledger-records.ts';
import { createTenancyStore } from '../../shared/aws/tenancy-store.ts';
import { putUsageRecord } from '../../shared/aws/usage-store.ts';
import { insert } from '../../shared/domain/change.ts';
import { parseTenantRef } from '../../shared/domain/ids.ts';
import { ROOT, startProcess } from '../support/child-process.ts';
import { sendersTo } from '../support/dynamodb.ts';
import { startScriptedServer } from '../support/scripted-server.ts';
import { tenantEntity } from '../support/tenancy-entities.ts';

const FIXTURES = path.join(ROOT, 'test/fixtures/reconciliation');
const fixture = (name: string): string => path.join(FIXTURES, name);
const NOVEMBER = ['--from', '2026-11-01', '--to', '2026-12-01'];
const [LITE, SONNET] = ['amazon.nova-lite-v1:0', 'anthropic.claude-sonnet-4-5-20250929-v1:0'];
const [A, B] = ['proj_AAAAAAAAAA', 'proj_BBBBBBBBBB'];
const idOf = (number: number): string => `01M7STV3G0${String(number).padStart(16, '0')}`;

/** The script with its arguments, to its end. What it says never holds a prompt. */
async function reconcile(args: readonly string[], environment: Record<string, string> = {}) {
  const script = startProcess({
    command: process.execPath,
    args: [path.join(ROOT, 'scripts/reconcile.ts'), ...args],
    environment: {
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL_DYNAMODB: undefined,
      AWS_ENDPOINT_URL_S3: undefined,
      ...environment,
    },
  });
  const code = await script.ended;
  const { stdout, stderr } = script.output();
  expect(`${stdout}${stderr}`).not.toContain('SECRET');
  return { code, stdout, stderr };
}

/** What it finds in fixtures, as a program reads it: the outcome, and every tenant and model that drifts. */
async function findings(of: {
  readonly ledger?: string;
  readonly logs?: string;
  readonly bill?: string;
  readonly more?: readonly string[];
}) {
  const { code, stdout } = await reconcile([
    ...NOVEMBER,
    ...['--json', '--ledger', fixture(of.ledger ?? 'ledger.jsonl')],
    ...(of.logs === undefined ? [] : ['--invocation-logs', fixture(of.logs)]),
    ...(of.bill === undefined ? [] : ['--cost-report', fixture(of.bill)]),
    ...(of.more ?? []),
  ]);
  const found = JSON.parse(stdout);
  const drifts = [...(found.calls?.drifts ?? []), ...(found.bill?.drifts ?? [])]
    .filter(({ isDrift }) => isDrift)
    .map(({ project, model }) => `${project} ${model}`);
  return { code, outcome: found.outcome, drifts, found };
}

test('does not say that anything agrees where there is nothing in the range on either side', async () => {
  const compared = [
    ['--invocation-logs', 'logs-agree'] as const,
    ['--cost-report', 'cur-agree.csv'] as const,
  ];
  for (const [option, name] of compared) {
    const range = ['--from', '2062-11-01', '--to', '2062-12-01'];
    const { code, stdout } = await reconcile([
      ...range,
      ...['--ledger', fixture('ledger.jsonl'), option, fixture(name)],
    ]);
    expect([code, stdout.trim().split('\n').at(-1)]).toEqual([
      2,
      'There is nothing in this range on either side: is it the right one?',
    ]);
  }
});

test('names the option whose files are not there, or of another kind', async () => {
  const read = (place: string) =>
    reconcile([...NOVEMBER, '--ledger', fixture('ledger.jsonl'), '--invocation-logs', place]);
  expect(await read(fixture('nowhere'))).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`--invocation-logs: ${fixture('nowhere')} cannot be read.`),
  });
});

describe('against the invocation log', () => {
  test('says that they agree where every request is there with its tokens, in packed files too', async () => {
    const { code, outcome, found } = await findings({ logs: 'logs-agree' });
    const agreed = { onlyLedger: 0, onlyBedrock: 0, boundsHeld: 0, requests: [], isDrift: false };
    const tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
    expect([code, outcome, found.unreadable, found.calls]).toEqual([
      0,
      'agrees',
      [],
      {
        drifts: [
          {
            ...agreed,
            tokens,
            project: A,
            model: LITE,
            matched: 1,
            loggedTokens: { ...tokens, input: 400, output: 100 },
          },
          {
            ...agreed,
            tokens,
            project: A,
            model: SONNET,
            matched: 1,
            loggedTokens: { input: 1000, output: 200, cacheRead: 512, cacheWrite: 100 },
          },
          {
            ...agreed,
            tokens,
            project: B,
            model: SONNET,
            matched: 1,
            loggedTokens: { ...tokens, input: 2000, output: 300 },
          },
        ],
        foreign: 1,
        outside: 0,
      },
    ]);
  });

  test.each<[string, { ledger?: string; logs: string }, readonly string[], readonly [number, string][]]>([
    ['a charge that the log lacks', { logs: 'logs-missed.jsonl' }, [`${A} ${SONNET}`], [[1, 'only-ledger']]],
    [
      'a request that nobody was charged for',
      { logs: 'logs-unknown.jsonl' },
      [`${A} ${LITE}`],
      [[6, 'only-bedrock']],
    ],
    [
      'other tokens',
      { logs: 'logs-tokens.jsonl' },
      [`${A} ${LITE}`, `${A} ${SONNET}`],
      [
        [2, 'tokens'],
        [1, 'tokens'],
      ],
    ],
    [
      'a bound that was too low',
      { ledger: 'ledger-orphan.jsonl', logs: 'logs-orphan-above.jsonl' },
      [`${A} ${SONNET}`],
      [[5, 'tokens']],
    ],
    [
      'another tenant’s request',
      { logs: 'logs-other-tenant.jsonl' },
      [`${A} ${SONNET}`, `${B} ${SONNET}`],
      [
        [3, 'only-bedrock'],
        [3, 'only-ledger'],
      ],
    ],
  ])('tells of %s, by tenant, model and request', async (_, of, expected, requests) => {
    const { code, outcome, drifts, found } = await findings(of);
    expect([code, outcome, drifts]).toEqual([1, 'drift', expected]);
    const named = found.calls.drifts.flatMap((drift: { requests: { request: string; kind: string }[] }) =>
      drift.requests.map(({ request, kind }) => [request, kind]),
    );
    expect(named).toEqual(requests.map(([number, kind]) => [idOf(number), kind]));
  });

  test('expects an orphan to have used less than it was charged', async () => {
    const { code, outcome, found } = await findings({
      ledger: 'ledger-orphan.jsonl',
      logs: 'logs-orphan.jsonl',
    });
    expect([code, outcome]).toEqual([0, 'agrees']);
    expect(found.calls.drifts[1]).toMatchObject({ matched: 2, boundsHeld: 1, requests: [] });
  });

  test('tolerates the percentage of tokens that it is told, and no more', async () => {
    const outcomes = [];
    for (const tolerance of ['5.3', '5.2']) {
      const { drifts } = await findings({ logs: 'logs-tokens.jsonl', more: ['--tolerance', tolerance] });
      outcomes.push(drifts);
    }
    expect(outcomes).toEqual([[], [`${A} ${SONNET}`]]);
  });

  test('names every line that it cannot read, and does not say that anything agrees', async () => {
    const { code, outcome, found } = await findings({ logs: 'logs-malformed.jsonl' });
    const reason = 'is no line of a model invocation log';
    expect([code, outcome, found.unreadable]).toEqual([
      2,
      'incomplete',
      [
        { place: 'logs-malformed.jsonl:3', reason },
        { place: 'logs-malformed.jsonl:4', reason },
      ],
    ]);
  });

  test('leaves out requests of other months on both sides', async () => {
    const args = [
      '--from',
      '2026-12-01',
      '--to',
      '2027-01-01',
      '--json',
      '--ledger',
      fixture('ledger.jsonl'),
    ];
    const { code, stdout } = await reconcile([...args, '--invocation-logs', fixture('logs-agree')]);
    expect([code, JSON.parse(stdout).calls]).toEqual([2, { drifts: [], foreign: 1, outside: 4 }]);
  });
});

describe('against the cost and usage report', () => {
  test.each(['cur-agree.csv', 'cur-agree.csv.gz', 'cur-legacy.csv'])(
    'says that %s agrees, to the nano-dollar',
    async (bill) => {
      const { code, found } = await findings({ bill });
      const sum = (project: string, model: string, nanoUsd: number) => ({
        ...{ project, model, isDrift: false, boundsNanoUsd: 0 },
        ...{ ledgerNanoUsd: nanoUsd, billedNanoUsd: nanoUsd },
      });
      expect([code, found.bill.drifts]).toEqual([
        0,
        [sum(A, LITE, 48_000), sum(A, SONNET, 6_528_600), sum(B, SONNET, 10_500_000)],
      ]);
    },
  );

  test('tells of money that is missing, and of money that is no tenant’s', async () => {
    const { code, drifts } = await findings({ bill: 'cur-drift.csv' });
    expect([code, drifts]).toEqual([1, [`(untagged) ${SONNET}`, `${A} ${SONNET}`]]);
  });

  test('expects the bill to lack what an orphan was charged above its use', async () => {
    const { code, found } = await findings({ ledger: 'ledger-orphan.jsonl', bill: 'cur-agree.csv' });
    expect([code, found.bill.drifts[1]]).toEqual([
      0,
      {
        project: A,
        model: SONNET,
        ledgerNanoUsd: 76_968_600,
        boundsNanoUsd: 70_440_000,
        billedNanoUsd: 6_528_600,
        isDrift: false,
      },
    ]);
  });

  test('names every row that it cannot read', async () => {
    const { code, found } = await findings({ bill: 'cur-malformed.csv' });
    expect([code, found.unreadable]).toEqual([
      2,
      [
        { place: 'cur-malformed.csv:9', reason: 'has no amount of money' },
        { place: 'cur-malformed.csv:10', reason: 'is no row of the columns of its first line' },
      ],
    ]);
  });
});

test.each<[string, readonly string[], RegExp]>([
  ['no range', ['--ledger', fixture('ledger.jsonl')], /required option '--from <date>'/],
  ['a day that is none', ['--from', 'yesterday', '--to', '2026-12-01'], /It is a date/],
  [
    'a range that ends before it begins',
    ['--from', '2026-12-01', '--to', '2026-11-01'],
    /--to must be after --from/,
  ],
  ['nothing to compare with', [...NOVEMBER, '--ledger', fixture('ledger.jsonl')], /nothing to compare with/],
  ['no ledger', [...NOVEMBER, '--cost-report', fixture('cur-agree.csv')], /No local stack runs.*say --aws/],
  [
    'a file that is not there',
    [...NOVEMBER, '--ledger', fixture('none'), '--cost-report', fixture('cur-agree.csv')],
    /ENOENT/,
  ],
  [
    'columns that are no bill’s',
    [...NOVEMBER, '--ledger', fixture('ledger.jsonl'), '--cost-report', fixture('README.md')],
    /has no column line_item_usage_start_date/,
  ],
  ['a tolerance that is none', [...NOVEMBER, '--tolerance', '101'], /from 0 to 100/],
])('refuses %s with exit 2', async (_, args, message) => {
  const { code, stderr } = await reconcile(args);
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
});

test('reads logs and bills out of S3', async () => {
  const s3 = await startScriptedServer();
  const objects: Record<string, Buffer> = {
    'logs/AWSLogs/1.json.gz': await readFile(fixture('logs-agree/2026/11/19/12/part-2.json.gz')),
    'logs/AWSLogs/0.json': await readFile(fixture('logs-agree/2026/11/19/12/part-1.jsonl')),
    'logs/AWSLogs/data/0_input.json': Buffer.from('{}'),
    'logs/permission-check': Buffer.from(''),
    'cur/part.csv.gz': await readFile(fixture('cur-agree.csv.gz')),
  };
  s3.play((response, { path: target }) => {
    const url = new URL(target, s3.endpoint);
    const prefix = url.searchParams.get('prefix');
    if (prefix === null) {
      response.writeHead(200).end(objects[url.pathname.replace('/bucket/', '')]);
      return;
    }
    const keys = Object.keys(objects).filter((key) => key.startsWith(prefix));
    const contents = keys.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('');
    const body = `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>${contents}</ListBucketResult>`;
    response.writeHead(200, { 'content-type': 'application/xml' }).end(body);
  });
  const { code, stdout, stderr } = await reconcile(
    [
      ...[...NOVEMBER, '--ledger', fixture('ledger.jsonl')],
      ...['--invocation-logs', 's3://bucket/logs/', '--cost-report', 's3://bucket/cur/'],
    ],
    { AWS_ENDPOINT_URL_S3: s3.endpoint },
  );
  await s3.close();
  expect([code, stderr, stdout.trimEnd().split('\n').at(-1)]).toEqual([0, '', 'They agree.']);
});

const dynamo = await startDynamoDb();
afterAll(() => dynamo?.close());

if (dynamo === undefined) {
  test('this machine has no local DynamoDB, so no table was read', () => undefined);
} else {
  test('reads the ledger of every tenant out of its tables', async () => {
    const { endpoint } = dynamo;
    const [config, audit, auditHead, usage] = ['config', 'audit', 'audit-head', 'usage'].map(
      (name) => `bedrock-proxy-books-${name}`,
    );
    if (config === undefined || audit === undefined || auditHead === undefined || usage === undefined)
      throw new Error();
    await createTables(localAccess(endpoint), [config, audit, auditHead, usage].map(tableNamed));
    const senders = sendersTo(endpoint);
    const tables = { config, audit, auditHead };
    const tenancy = createTenancyStore({ dynamo: senders.lean, tables, clock: Date.now });
    for (const ref of ['AAAAAAAAAA', 'BBBBBBBBBB'].map(parseTenantRef)) {
      if (ref === undefined) throw new Error('No tenant.');
      await tenancy.commit({ writes: [insert({ type: 'tenant', value: tenantEntity({ ref }) })], audit: [] });
    }
    const range = { fromMs: 0, toMs: Date.UTC(2027, 0, 1) };
    const { records } = await readLedgerFile(fixture('ledger.jsonl'), range);
    for (const record of records) await putUsageRecord({ dynamo: senders.lean, table: usage }, record);
    senders.close();
    const args = [
      '--stage',
      'books',
      '--invocation-logs',
      fixture('logs-agree'),
      '--cost-report',
      fixture('cur-agree.csv'),
    ];
    const { code, stdout, stderr } = await reconcile([...NOVEMBER, ...args], {
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    });
    expect([code, stderr, stdout.split('\n')[0]]).toEqual([0, '', 'Ledger: 4 requests.']);
  });
}
