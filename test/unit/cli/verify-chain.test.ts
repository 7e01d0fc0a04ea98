import {
  type AuditHead,
  type AuditRecord,
  type AuditType,
  chainAuditEntry,
  EMPTY_CHAIN,
} from '../../../shared/domain/audit.ts';
import { ORGANIZATION_REF, parseProjectId, type TenantRef } from '../../../shared/domain/ids.ts';
import { type Api, listOf, PROJECT, runIn } from './world-fixture.ts';

const OTHER = 'proj_0000000b0b';

interface Chain {
  readonly records: readonly AuditRecord[];
  readonly head: Pick<AuditHead, 'sequence' | 'hash'>;
}

function chainOf(chain: TenantRef, count: number): Chain {
  const records: AuditRecord[] = [];
  for (let index = 1; index <= count; index += 1) {
    const type: AuditType = 'api_key.created';
    const entry = {
      ...{ id: `event-${index}`, type, atMs: index * 1000, chain, request: 'r' },
      ...{ actor: { kind: 'key-rotation' } as const, subject: { id: `key-${index}` } },
    };
    records.push(chainAuditEntry(records.at(-1) ?? EMPTY_CHAIN, entry));
  }
  return { records, head: records.at(-1) ?? EMPTY_CHAIN };
}

const refOf = (id: string): TenantRef => parseProjectId(id) ?? ORGANIZATION_REF;

const eventOf = (record: AuditRecord) => ({
  id: `audit_${record.sequence}`,
  type: 'api_key.created',
  chain: {
    sequence: record.sequence,
    previous_hash: record.previousHash,
    hash: record.hash,
    canonical: record.canonical,
  },
});

/** audit_logs over these chains, and the list of their projects. */
function apiOver(chains: Readonly<Record<string, Chain>>): Api {
  return ({ url, query }) => {
    if (url.endsWith('/projects')) {
      const ids = query.get('include_archived') === 'true' ? Object.keys(chains) : [PROJECT];
      return { body: listOf(...ids.filter((id) => id !== 'org').map((id) => ({ id }))) };
    }
    const tenant = /\/projects\/(.*)$/.exec(url)?.[1];
    if (tenant !== undefined) {
      return tenant in chains
        ? { body: { id: tenant } }
        : { status: 404, body: { error: { message: 'No such project.', code: 'not_found' } } };
    }
    const { records, head } = chains[query.get('project_ids[]') ?? ''] ?? chainOf(ORGANIZATION_REF, 0);
    const newestFirst = records.toReversed();
    const from = newestFirst.findIndex(({ sequence }) => `audit_${sequence}` === query.get('after')) + 1;
    const data = newestFirst.slice(from, from + Number(query.get('limit'))).map(eventOf);
    return {
      body: {
        ...listOf(...data),
        last_id: data.at(-1)?.id ?? null,
        has_more: from + data.length < records.length,
        chain_head: { sequence: head.sequence, hash: head.hash },
      },
    };
  };
}

const VERIFY = ['audit', 'verify', '--project', PROJECT, '--json'] as const;
const whole = chainOf(refOf(PROJECT), 5);
const [first, second, third, fourth, fifth] = whole.records as [
  AuditRecord,
  AuditRecord,
  AuditRecord,
  AuditRecord,
  AuditRecord,
];
const edited = { ...third, canonical: third.canonical.replace('key-3', 'key-x') };
const forged = chainAuditEntry(second, { ...JSON.parse(edited.canonical), chain: refOf(PROJECT) });

describe('the verification of a chain', () => {
  test('finds that it holds, over several pages', async () => {
    const long = chainOf(refOf(PROJECT), 230);
    const { exitCode, stdout, sent } = await runIn(VERIFY, { api: apiOver({ [PROJECT]: long }) });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      object: 'audit_verification',
      data: [{ chain: PROJECT, events: 230, head: long.head.hash, broken: null }],
    });
    expect(sent).toHaveLength(3);
  });

  test.each<[string, readonly AuditRecord[], AuditHead, number, string]>([
    ['an edit', [first, second, edited, fourth, fifth], fifth, 3, 'hash'],
    ['an edit with a right hash', [first, second, forged, fourth, fifth], fifth, 4, 'previous-hash'],
    ['a removal', [first, second, fourth, fifth], fifth, 3, 'sequence'],
    ['a removal of the first', [second, third, fourth, fifth], fifth, 1, 'sequence'],
    ['an exchange', [first, third, second, fourth, fifth], fifth, 2, 'sequence'],
    ['a fork', [first, second, third, forged, fourth, fifth], fifth, 3, 'fork'],
    ['a cut', [first, second, third], fifth, 4, 'head'],
    ['an addition', [first, second, third, fourth, fifth], fourth, 5, 'head'],
    ['a head of another event', [first, second, third], { ...forged, sequence: 3 }, 4, 'head'],
    ['the loss of everything', [], EMPTY_CHAIN, 1, 'sequence'],
  ])('names the first link that %s breaks, and fails', async (_what, records, head, sequence, reason) => {
    const outcome = await runIn(VERIFY, { api: apiOver({ [PROJECT]: { records, head } }) });
    expect(outcome.exitCode).toBe(1);
    expect(JSON.parse(outcome.stdout)).toMatchObject({ data: [{ broken: { sequence, reason } }] });
    expect(outcome.stderr).toContain(`The chain of ${PROJECT} does not hold: event ${sequence}: `);
  });

  test('of a tenant that there is not says so, and calls nothing broken', async () => {
    const { exitCode, stdout, stderr } = await runIn(VERIFY, { api: apiOver({ [OTHER]: whole }) });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(`No such tenant: ${PROJECT}`);
    expect(stderr).not.toContain('does not hold');
  });

  test('names a loss also where the record of the tenant was removed along with it', async () => {
    const chains = apiOver({ [PROJECT]: { records: [], head: fifth } });
    const gone = apiOver({});
    const api: Api = (sent, index) => (sent.url.endsWith(PROJECT) ? gone : chains)(sent, index);
    const { exitCode, stdout } = await runIn(VERIFY, { api });
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ data: [{ broken: { sequence: 1, reason: 'sequence' } }] });
  });

  test('refuses the chain of another tenant', async () => {
    const { exitCode } = await runIn(VERIFY, { api: apiOver({ [PROJECT]: chainOf(refOf(OTHER), 3) }) });
    expect(exitCode).toBe(1);
  });

  test('leaves events for another time that were added while it read', async () => {
    const later = apiOver({ [PROJECT]: whole });
    const api: Api = (sent, index) =>
      index === 0 ? apiOver({ [PROJECT]: { ...whole, head: third } })(sent, index) : later(sent, index);
    const { exitCode, stdout } = await runIn(VERIFY, { api });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ data: [{ events: 3, head: third.hash }] });
  });

  test('of all walks the organisation and every tenant, archived ones too, and says which is broken', async () => {
    const chains = {
      org: chainOf(ORGANIZATION_REF, 2),
      [PROJECT]: whole,
      [OTHER]: { ...chainOf(refOf(OTHER), 2), head: chainOf(refOf(OTHER), 3).head },
    };
    const { exitCode, stdout } = await runIn(['audit', 'verify'], { api: apiOver(chains) });
    expect(exitCode).toBe(1);
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual([
      ['CHAIN', 'EVENTS', 'STATE'],
      ['org', '2', 'holds'],
      [PROJECT, '5', 'holds'],
      [OTHER, '2', 'BROKEN at 3 (head)'],
      [''],
    ]);
  });

  test('needs a server that has chains', async () => {
    const { exitCode } = await runIn(VERIFY, { api: () => ({ body: listOf({ id: 'audit_log-1' }) }) });
    expect(exitCode).toBe(3);
  });
});
