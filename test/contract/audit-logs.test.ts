import { randomBytes } from 'node:crypto';
import { createHandler } from '../../functions/metrics/create-handler.ts';
import { createMemoryAudit } from '../../local/memory/audit.ts';
import { createMemoryTenancy } from '../../local/memory/tenancy.ts';
import { createMemoryUsageStore } from '../../local/memory/usage-store.ts';
import {
  AUDIT_TYPES,
  type AuditEntry,
  type AuditRecord,
  chainAuditEntry,
  EMPTY_CHAIN,
} from '../../shared/domain/audit.ts';
import {
  accountOfKey,
  keyId,
  newAccountRef,
  newKeyRef,
  newTenantRef,
  ORGANIZATION_REF,
  projectId,
  serviceAccountId,
} from '../../shared/domain/ids.ts';
import {
  adminPrincipal,
  gatewayEvent,
  keyPrincipal,
  lambdaContext,
  NOON_MS,
  recordingLog,
  testSecrets,
} from '../support/gateway-event.ts';

const NOON = NOON_MS / 1000;
const [ONE, TWO] = [newTenantRef(randomBytes), newTenantRef(randomBytes)];
const KEY = newKeyRef(randomBytes, newAccountRef(randomBytes));
const ADMIN_ID = `key_${ORGANIZATION_REF}AAAAAA0001`;

const entries: readonly AuditEntry[] = [
  {
    id: '1',
    type: 'tenant.admin_api_key.created',
    atMs: NOON_MS,
    actor: { kind: 'direct-invocation', awsRequestId: 'an-invocation' },
    request: 'an-invocation',
    chain: ORGANIZATION_REF,
    subject: { id: ADMIN_ID, scopes: ['audit:read'] },
  },
  {
    id: '2',
    type: 'project.created',
    atMs: NOON_MS + 1_500,
    actor: { kind: 'admin-key', id: ADMIN_ID },
    request: 'r',
    chain: ONE,
    subject: { id: projectId(ONE), name: 'one' },
  },
  {
    id: '3',
    type: 'project.updated',
    atMs: NOON_MS + 2_000,
    actor: { kind: 'api-key', id: keyId(ONE, KEY) },
    request: 'r',
    chain: ONE,
    subject: { id: projectId(ONE), title: 'uno' },
  },
  {
    id: '4',
    type: 'api_key.rotated',
    atMs: NOON_MS + 3_000,
    actor: { kind: 'key-rotation' },
    request: 'sweep',
    chain: TWO,
    subject: { id: keyId(TWO, KEY) },
  },
  {
    id: '5',
    type: 'api_key.claimed',
    atMs: NOON_MS + 4_000,
    actor: { kind: 'claim-link', id: keyId(TWO, KEY) },
    request: 'r',
    chain: TWO,
    subject: { id: keyId(TWO, KEY) },
  },
];
const chains = new Map<AuditEntry['chain'], readonly AuditRecord[]>();
for (const entry of entries) {
  const chain = chains.get(entry.chain) ?? [];
  chains.set(entry.chain, [...chain, chainAuditEntry(chain.at(-1) ?? EMPTY_CHAIN, entry)]);
}
/** Newest first. */
const IDS = [
  `audit_${TWO}2`,
  `audit_${TWO}1`,
  `audit_${ONE}2`,
  `audit_${ONE}1`,
  `audit_${ORGANIZATION_REF}1`,
];

const handler = createHandler({
  tenancy: createMemoryTenancy().tenancy,
  usage: createMemoryUsageStore(),
  rollups: createMemoryUsageStore().rollups,
  audit: createMemoryAudit(chains),
  secrets: testSecrets,
  clock: () => NOON_MS,
  random: randomBytes,
  log: recordingLog(),
});

async function list(query: Record<string, string[]> = {}, principal = adminPrincipal()) {
  const event = gatewayEvent({ method: 'GET', resource: '/v1/organization/audit_logs', query, principal });
  const { statusCode, body } = Object(await handler(event, lambdaContext()));
  return { statusCode, body: JSON.parse(body) };
}

const idsOf = ({ body }: { readonly body: { readonly data: readonly { readonly id: string }[] } }) =>
  body.data.map(({ id }) => id);

describe('GET /v1/organization/audit_logs', () => {
  test('lists every event, the newest first, as a page of OpenAI’s', async () => {
    const answer = await list();
    expect(answer.statusCode).toBe(200);
    expect(idsOf(answer)).toEqual(IDS);
    const { data, ...page } = answer.body;
    expect(data).toHaveLength(5);
    expect(page).toEqual({ object: 'list', first_id: IDS[0], last_id: IDS[4], has_more: false });
  });

  test('gives an event as OpenAI types it, and its link of the chain', async () => {
    const { body } = await list({ event_types: ['project.updated'] });
    const [first, second] = chains.get(ONE) ?? [];
    expect(body.data).toEqual([
      {
        id: `audit_${ONE}2`,
        type: 'project.updated',
        effective_at: NOON + 2,
        actor: {
          type: 'api_key',
          api_key: {
            id: keyId(ONE, KEY),
            type: 'service_account',
            service_account: { id: serviceAccountId(ONE, accountOfKey(KEY)) },
          },
        },
        project: { id: projectId(ONE) },
        'project.updated': { id: projectId(ONE), changes_requested: { title: 'uno' } },
        chain: {
          sequence: 2,
          previous_hash: first?.hash,
          hash: second?.hash,
          canonical: second?.canonical,
        },
      },
    ]);
  });

  test('names whoever acted, also where it was no key, and no project of the organisation’s own events', async () => {
    const { body } = await list();
    expect(body.data.map(({ actor }: { actor: unknown }) => actor)).toEqual([
      { type: 'claim_link', claim_link: { id: keyId(TWO, KEY) } },
      { type: 'system', system: { id: 'key-rotation' } },
      expect.objectContaining({ type: 'api_key' }),
      { type: 'api_key', api_key: { id: ADMIN_ID, type: 'service_account' } },
      { type: 'system', system: { id: 'direct-invocation', aws_request_id: 'an-invocation' } },
    ]);
    expect(body.data[4]).not.toHaveProperty('project');
    expect(body.data[3]['project.created']).toEqual({ id: projectId(ONE), data: { name: 'one' } });
    expect(body.data[1]['api_key.rotated']).toEqual({ id: keyId(TWO, KEY) });
  });

  test.each<[string, Record<string, string[]>, readonly number[]]>([
    ['a project', { project_ids: [projectId(ONE)] }, [2, 3]],
    ['two projects', { project_ids: [projectId(ONE), projectId(TWO)] }, [0, 1, 2, 3]],
    ['the organisation', { project_ids: ['org'] }, [4]],
    ['an unknown project', { project_ids: [projectId(newTenantRef(randomBytes))] }, []],
    ['what is no project', { project_ids: ['nonsense'] }, []],
    ['types', { event_types: ['project.created', 'api_key.claimed'] }, [0, 3]],
    ['a key', { actor_ids: [ADMIN_ID] }, [3]],
    ['a service account', { actor_ids: [serviceAccountId(ONE, accountOfKey(KEY))] }, [2]],
    ['an email, which nobody has', { actor_emails: ['a@b.example'] }, []],
    ['a resource', { resource_ids: [keyId(TWO, KEY)] }, [0, 1]],
    ['gt a second', { 'effective_at[gt]': [`${NOON + 2}`] }, [0, 1]],
    ['gte a second', { 'effective_at[gte]': [`${NOON + 2}`] }, [0, 1, 2]],
    ['lt a second', { 'effective_at[lt]': [`${NOON + 1}`] }, [4]],
    ['lte a second', { 'effective_at[lte]': [`${NOON + 1}`] }, [3, 4]],
    ['a span', { 'effective_at[gte]': [`${NOON + 1}`], 'effective_at[lt]': [`${NOON + 3}`] }, [2, 3]],
    ['tenant_only, false', { tenant_only: ['false'] }, [0, 1, 2, 3, 4]],
  ])('filters by %s', async (_, query, expected) => {
    const answer = await list(query);
    expect(answer.statusCode).toBe(200);
    expect(idsOf(answer)).toEqual(expected.map((index) => IDS[index]));
  });

  test('gives the head of the chain where exactly one is asked for', async () => {
    const head = chains.get(ONE)?.at(-1);
    const one = await list({ project_ids: [projectId(ONE)], limit: ['1'] });
    expect(one.body.chain_head).toEqual({ sequence: 2, hash: head?.hash });
    const organisation = await list({ project_ids: ['org'] });
    expect(organisation.body.chain_head.sequence).toBe(1);
    const both = await list({ project_ids: [projectId(ONE), projectId(TWO)] });
    expect(both.body).not.toHaveProperty('chain_head');
  });

  test('pages after and before an event', async () => {
    const first = await list({ limit: ['2'] });
    expect([idsOf(first), first.body.has_more]).toEqual([IDS.slice(0, 2), true]);
    const second = await list({ limit: ['2'], after: [first.body.last_id] });
    expect([idsOf(second), second.body.has_more]).toEqual([IDS.slice(2, 4), true]);
    const back = await list({ limit: ['2'], before: [second.body.first_id] });
    expect([idsOf(back), back.body.has_more]).toEqual([IDS.slice(0, 2), false]);
  });

  test.each<[string, Record<string, string[]>, string, string]>([
    ['an unknown parameter', { order: ['asc'] }, 'unsupported_parameter', 'order'],
    [
      'an unknown type',
      { event_types: ['project.created', 'user.added'] },
      'unsupported_value',
      'event_types',
    ],
    ['tenant_only', { tenant_only: ['true'] }, 'unsupported_value', 'tenant_only'],
    ['a limit of 0', { limit: ['0'] }, 'invalid_value', 'limit'],
    ['a limit above 100', { limit: ['101'] }, 'invalid_value', 'limit'],
    ['a time that is no second', { 'effective_at[gt]': ['noon'] }, 'invalid_value', 'effective_at[gt]'],
    ['a malformed cursor', { after: ['audit_1'] }, 'invalid_value', 'after'],
    ['a cursor of no event', { after: [`audit_${ONE}3`] }, 'invalid_value', 'after'],
    ['a malformed cursor back', { before: ['key_1'] }, 'invalid_value', 'before'],
    [
      'another tenant’s cursor',
      { after: [`audit_${TWO}1`], project_ids: [projectId(ONE)] },
      'invalid_value',
      'after',
    ],
    ['two cursors', { after: [`audit_${ONE}1`], before: [`audit_${ONE}2`] }, 'invalid_value', 'before'],
  ])('refuses %s by name', async (_, query, code, param) => {
    const { statusCode, body } = await list(query);
    expect([statusCode, body.error]).toEqual([400, expect.objectContaining({ code, param })]);
  });

  test('names the types that there are', async () => {
    const { body } = await list({ event_types: ['user.added'] });
    for (const type of AUDIT_TYPES) expect(body.error.message).toContain(type);
  });

  test('is closed to a tenant’s key', async () => {
    const event = gatewayEvent({
      method: 'GET',
      resource: '/v1/organization/audit_logs',
      principal: keyPrincipal({ tenant: ONE }),
    });
    expect(await handler(event, lambdaContext())).toMatchObject({ statusCode: 403 });
  });
});
