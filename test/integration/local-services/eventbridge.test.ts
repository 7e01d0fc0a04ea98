import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  EventBridgeClient,
  ListRulesCommand,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';
import { type LocalEventBridge, startEventBridge } from '../../../local/eventbridge/server.ts';
import { sdkAccess } from '../../support/aws-emulator.ts';

const NOW_MS = Date.UTC(2026, 10, 20, 12);
const ENTRY = { Source: 'app', DetailType: 'something happened', Detail: '{"a":1}' };

describe('the EventBridge emulator, through the AWS SDK', () => {
  let bridge: LocalEventBridge;
  let client: EventBridgeClient;
  beforeEach(async () => {
    bridge = await startEventBridge({ clock: () => NOW_MS });
    client = new EventBridgeClient(sdkAccess(bridge.url));
  });
  afterEach(async () => {
    client.destroy();
    await bridge.close();
  });

  const put = (...Entries: PutEventsRequestEntry[]) => client.send(new PutEventsCommand({ Entries }));

  test('an event is kept as targets get it, under the id of the answer', async () => {
    const time = new Date('2026-01-02T03:04:05Z');
    const { FailedEntryCount, Entries } = await put({ ...ENTRY, Time: time, Resources: ['arn:x'] });
    expect(FailedEntryCount).toBe(0);
    expect(bridge.events()).toEqual([
      {
        version: '0',
        id: Entries?.[0]?.EventId,
        'detail-type': 'something happened',
        source: 'app',
        account: '000000000000',
        time: '2026-01-02T03:04:05Z',
        region: 'us-east-1',
        resources: ['arn:x'],
        detail: { a: 1 },
      },
    ]);
  });

  test.each([
    ['no source', { ...ENTRY, Source: undefined }, 'InvalidArgument', 'Source is a required argument'],
    ['an empty type', { ...ENTRY, DetailType: '' }, 'InvalidArgument', 'DetailType is a required argument'],
    ['no detail', { ...ENTRY, Detail: undefined }, 'InvalidArgument', 'Detail is a required argument'],
    ['too long a type', { ...ENTRY, DetailType: 'x'.repeat(129) }, 'InvalidArgument', 'DetailType'],
    ['detail that is no JSON', { ...ENTRY, Detail: 'a=1' }, 'MalformedDetail', 'malformed'],
    ['detail that is no object', { ...ENTRY, Detail: '[1]' }, 'MalformedDetail', 'malformed'],
    ['a source of AWS', { ...ENTRY, Source: 'aws.s3' }, 'NotAuthorizedForSourceException', 'source'],
  ])('an entry with %s fails alone', async (_what, entry, code, told) => {
    const { FailedEntryCount, Entries } = await put(ENTRY, entry, ENTRY);
    expect(FailedEntryCount).toBe(1);
    expect(Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([undefined, code, undefined]);
    expect(Entries?.[1]?.ErrorMessage).toContain(told);
    expect(bridge.events()).toHaveLength(2);
  });

  test.each([
    ['no entry', []],
    ['eleven entries', Array(11).fill(ENTRY)],
    ['a bus that is not there', [{ ...ENTRY, EventBusName: 'other' }]],
    ['more than 256 KB', [{ ...ENTRY, Detail: JSON.stringify({ long: 'x'.repeat(262_144) }) }]],
    ['more than 256 KB together', Array(10).fill({ ...ENTRY, Resources: Array(13).fill('x'.repeat(2048)) })],
  ])('a call with %s is refused whole', async (_what, entries) => {
    await expect(put(...entries)).rejects.toMatchObject({ name: 'ValidationException' });
    expect(bridge.events()).toEqual([]);
  });

  test('ten entries, and 256 KB, are taken', async () => {
    const { Source, DetailType } = ENTRY;
    const rest = 256 * 1024 - Source.length - DetailType.length - '{"x":""}'.length;
    expect(await put(...Array(10).fill(ENTRY))).toMatchObject({ FailedEntryCount: 0 });
    const Detail = JSON.stringify({ x: 'x'.repeat(rest) });
    expect(await put({ ...ENTRY, Detail })).toMatchObject({ FailedEntryCount: 0 });
    await expect(put({ ...ENTRY, Detail: Detail.replace('x', 'xx') })).rejects.toThrow();
  });

  test('an operation that is not emulated says so', async () => {
    await expect(client.send(new ListRulesCommand({}))).rejects.toMatchObject({
      name: 'UnknownOperationException',
      message: "This emulator has no operation 'ListRules'.",
    });
  });
});

test('events survive a restart, one a line, in a file that only its owner may read', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'events-'));
  const eventsFile = path.join(folder, 'events.jsonl');
  for (const Detail of ['{"n":1}', '{"n":2}']) {
    const bridge = await startEventBridge({ eventsFile });
    const client = new EventBridgeClient(sdkAccess(bridge.url));
    await client.send(new PutEventsCommand({ Entries: [{ ...ENTRY, Detail }] }));
    client.destroy();
    await bridge.close();
  }
  const again = await startEventBridge({ eventsFile });
  expect(again.events().map(({ detail }) => detail)).toEqual([{ n: 1 }, { n: 2 }]);
  await again.close();
  const lines = (await readFile(eventsFile, 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).source)).toEqual(['app', 'app']);
  expect((await stat(eventsFile)).mode & 0o777).toBe(0o600);
  await rm(folder, { recursive: true });
});
