import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { type LocalEventBridge, startEventBridge } from '../../../local/eventbridge/server.ts';
import { createMemoryEventBus } from '../../../local/memory/event-bus.ts';
import { createEventBus } from '../../../shared/aws/event-bus.ts';
import type { SignedHttp } from '../../../shared/aws/signed-http.ts';
import { parseTenantRef } from '../../../shared/domain/ids.ts';
import type { PublishedEvent } from '../../../shared/domain/outbox.ts';
import { noWaiting, sdkAccess, signedHttpTo } from '../../support/aws-emulator.ts';
import {
  hangUp,
  json,
  type Script,
  type ScriptedServer,
  startScriptedServer,
} from '../../support/scripted-server.ts';

const EVENT: PublishedEvent = {
  id: 'key.expiring:key_AbCdEf0123Acc0unAAAA:7',
  type: 'key.expiring',
  atMs: Date.UTC(2026, 10, 20, 12, 0, 0, 5),
  tenant: tenantOf('AbCdEf0123'),
  detail: { key_id: 'key_AbCdEf0123Acc0unAAAA', days_left: 7, regions: ['eu-central-1', 'größer'] },
};
/** What subscribers read. */
const DETAIL = {
  id: 'key.expiring:key_AbCdEf0123Acc0unAAAA:7',
  stage: 'test',
  project_id: 'proj_AbCdEf0123',
  at: '2026-11-20T12:00:00.005Z',
  key_id: 'key_AbCdEf0123Acc0unAAAA',
  days_left: 7,
  regions: ['eu-central-1', 'größer'],
};

function tenantOf(ref: string) {
  const tenant = parseTenantRef(ref);
  if (tenant === undefined) throw new Error(`${ref} is no reference.`);
  return tenant;
}

describe('the event bus over the EventBridge emulator', () => {
  let bridge: LocalEventBridge;
  let http: SignedHttp;
  beforeEach(async () => {
    bridge = await startEventBridge({ clock: () => Date.UTC(2026, 10, 20, 13) });
    http = signedHttpTo(bridge.url, 'events');
  });
  afterEach(async () => {
    http.close();
    await bridge.close();
  });

  const bus = () => createEventBus({ http, stage: 'test', waiting: noWaiting() });

  test('hands the targets of rules the event with its stage, project and time', async () => {
    await bus().publish(EVENT);
    expect(bridge.events()).toEqual([
      {
        version: '0',
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        'detail-type': 'key.expiring',
        source: 'bedrock-proxy',
        account: '000000000000',
        time: '2026-11-20T13:00:00Z',
        region: 'us-east-1',
        resources: [],
        detail: DETAIL,
      },
    ]);
  });

  test('lets no detail pass for another project, stage, id or time', async () => {
    const detail = { stage: 'prod', project_id: 'proj_0ther00000', id: 'x', at: 'never', fine: 1 };
    await bus().publish({ ...EVENT, detail });
    const { id, stage, project_id, at } = DETAIL;
    expect(bridge.events()[0]?.detail).toEqual({ id, stage, project_id, at, fine: 1 });
  });

  test('puts what the AWS SDK would put', async () => {
    await bus().publish(EVENT);
    const client = new EventBridgeClient(sdkAccess(bridge.url));
    const Entries = [
      {
        Source: 'bedrock-proxy',
        DetailType: 'key.expiring',
        Detail: JSON.stringify(DETAIL),
        EventBusName: 'default',
      },
    ];
    const { FailedEntryCount } = await client.send(new PutEventsCommand({ Entries }));
    client.destroy();
    expect(FailedEntryCount).toBe(0);
    const [ours, theirs] = bridge.events().map((event) => ({ ...event, id: '' }));
    expect(ours).toEqual(theirs);
  });

  test('gives up at once on an event that EventBridge will never take', async () => {
    const detail = { long: 'x'.repeat(256 * 1024) };
    await expect(bus().publish({ ...EVENT, detail })).rejects.toMatchObject({
      code: 'service_unavailable',
      cause: { code: 'ValidationException' },
    });
    expect(bridge.events()).toEqual([]);
  });
});

describe('the event bus on a bad day', () => {
  let server: ScriptedServer;
  let http: SignedHttp;
  beforeAll(async () => {
    server = await startScriptedServer();
    http = signedHttpTo(server.endpoint, 'events');
  });
  afterAll(async () => {
    http.close();
    await server.close();
  });

  const bus = () => createEventBus({ http, stage: 'test', waiting: noWaiting() });
  const done = json(200, { FailedEntryCount: 0, Entries: [{ EventId: 'e' }] });
  const failed = (ErrorCode: string): Script =>
    json(200, { FailedEntryCount: 1, Entries: [{ ErrorCode, ErrorMessage: 'It may quote the detail.' }] });

  test.each([
    ['an entry that failed inside', failed('InternalFailure')],
    ['an entry that was throttled', failed('ThrottlingException')],
    ['an entry that failed in a way not known yet', failed('SomethingNew')],
    ['an answer of 500', json(500, { __type: 'InternalException' })],
    ['a lost response', hangUp],
    ['an answer without a count', json(200, {})],
  ])('publishes again after %s, the same entry', async (_what, script) => {
    server.play(script, script, done);
    await bus().publish(EVENT);
    const bodies = server.requests.map(({ body }) => body);
    expect([bodies.length, new Set(bodies).size]).toEqual([3, 1]);
  });

  test.each([
    ['keeps failing', failed('InternalFailure'), 3],
    ['is malformed', failed('MalformedDetail'), 1],
    ['has a source that is not ours', failed('NotAuthorizedForSourceException'), 1],
    ['may not be put', json(400, { __type: 'AccessDeniedException' }), 1],
  ])('answers 503 where the entry %s', async (_what, script, requests) => {
    server.play(script);
    await expect(bus().publish(EVENT)).rejects.toMatchObject({
      code: 'service_unavailable',
      retryAfterMs: 1000,
    });
    expect(server.requests).toHaveLength(requests);
  });
});

test('the bus in memory remembers every publication, repeats too', async () => {
  const bus = createMemoryEventBus();
  await bus.publish(EVENT);
  await bus.publish(EVENT);
  expect(bus.published).toEqual([EVENT, EVENT]);
});
