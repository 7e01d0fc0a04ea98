/** What the audit log promises to its readers, whatever it is made of. */
import { randomBytes } from 'node:crypto';
import {
  type AuditActor,
  type AuditEntry,
  type AuditRecord,
  type AuditType,
  EMPTY_CHAIN,
  verifyAuditChain,
} from '../../../shared/domain/audit.ts';
import type { AuditEvent, AuditFilter, AuditQuery } from '../../../shared/domain/audit-event.ts';
import {
  accountOfKey,
  keyId,
  newAccountRef,
  newKeyRef,
  newTenantRef,
  ORGANIZATION_REF,
  serviceAccountId,
  type TenantRef,
} from '../../../shared/domain/ids.ts';
import type { AuditStore } from '../../../shared/ports.ts';

/** What `impatient` is made with. */
export const EVALUATED_AT_MOST = 5;

export interface AuditPorts {
  readonly audit: AuditStore;
  /** The same log, of which a page evaluates five events at most. */
  readonly impatient: Pick<AuditStore, 'list'>;
  /** Commits one change that is told of by these entries. */
  append(...entries: readonly AuditEntry[]): Promise<void>;
}

const NOON = Date.UTC(2026, 10, 20, 12);
const ALL: AuditFilter = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
const [ONE, TWO] = [newTenantRef(randomBytes), newTenantRef(randomBytes)];
const KEY = newKeyRef(randomBytes, newAccountRef(randomBytes));
const ADMIN: AuditActor = { kind: 'admin-key', id: `key_${ORGANIZATION_REF}0000000001` };

/** An entry that is named by what it is about. */
export const entryOf = (
  id: string,
  of: {
    readonly chain: TenantRef;
    readonly atMs: number;
    readonly type?: AuditType;
    readonly actor?: AuditActor;
  },
): AuditEntry => ({ id, type: 'project.updated', actor: ADMIN, request: 'r', subject: { id }, ...of });

/** The newest last. `b2` came from a clock that was behind, `c` is told in two chains. */
const HISTORY: readonly (readonly AuditEntry[])[] = [
  [entryOf('a', { chain: ONE, atMs: NOON, type: 'project.created' })],
  [entryOf('b1', { chain: TWO, atMs: NOON + 1_000, type: 'project.created' })],
  [entryOf('b2', { chain: TWO, atMs: NOON - 9_000, actor: { kind: 'key-rotation' } })],
  [
    entryOf('c-org', { chain: ORGANIZATION_REF, atMs: NOON + 2_000 }),
    entryOf('c-one', { chain: ONE, atMs: NOON + 2_000 }),
  ],
  [entryOf('d', { chain: ONE, atMs: NOON + 2_999, actor: { kind: 'api-key', id: keyId(ONE, KEY) } })],
  [
    entryOf('e1', { chain: TWO, atMs: NOON + 3_000, type: 'api_key.created' }),
    entryOf('e2', { chain: TWO, atMs: NOON + 3_000, type: 'api_key.created' }),
  ],
];
/** At one instant the references of the chains decide. */
const SAME_INSTANT = ONE > ORGANIZATION_REF ? ['c-one', 'c-org'] : ['c-org', 'c-one'];
const NEWEST_FIRST = ['e2', 'e1', 'd', ...SAME_INSTANT, 'b2', 'b1', 'a'];

const namesOf = (events: readonly AuditEvent[]): readonly string[] => events.map(({ facts }) => facts.id);
const placeOf = ({ facts, sequence }: AuditEvent) => ({ chain: facts.chain, sequence });
const refusedFor = (param: string) =>
  expect.objectContaining({ name: 'GatewayError', code: 'invalid_value', param });

/** Every page from the newest event on. */
async function pagesAfter(audit: AuditStore, query: AuditQuery): Promise<readonly (readonly AuditEvent[])[]> {
  const page = await audit.list(query);
  const last = page.items.at(-1);
  if (!page.hasMore || last === undefined) return [page.items];
  expect(page.items).toHaveLength(query.limit);
  const cursor = { direction: 'after', place: placeOf(last) } as const;
  return [page.items, ...(await pagesAfter(audit, { ...query, cursor }))];
}

/** Every page before the event, the nearest first. */
async function pagesBefore(
  audit: AuditStore,
  of: { readonly query: AuditQuery; readonly last: AuditEvent | undefined },
): Promise<readonly (readonly AuditEvent[])[]> {
  const { query, last } = of;
  if (last === undefined) return [];
  const page = await audit.list({ ...query, cursor: { direction: 'before', place: placeOf(last) } });
  if (!page.hasMore) return [page.items];
  expect(page.items).toHaveLength(query.limit);
  return [page.items, ...(await pagesBefore(audit, { query, last: page.items[0] }))];
}

export function describeAudit(name: string, makePorts: () => Promise<AuditPorts>): void {
  describe(`the audit log: ${name}`, () => {
    let ports: AuditPorts;
    beforeAll(async () => {
      ports = await makePorts();
      for (const entries of HISTORY) await ports.append(...entries);
    });

    const list = (of: Partial<AuditQuery> = {}) => ports.audit.list({ filter: ALL, limit: 100, ...of });
    const named = async (filter: Partial<AuditFilter>) =>
      namesOf((await list({ filter: { ...ALL, ...filter } })).items);
    const eventNamed = async (id: string): Promise<AuditEvent> => {
      const event = (await list()).items.find(({ facts }) => facts.id === id);
      if (event === undefined) throw new Error(`There is no event ${id}.`);
      return event;
    };

    test('lists the events of all chains, the newest first', async () => {
      const { items, hasMore } = await list();
      expect([namesOf(items), hasMore]).toEqual([NEWEST_FIRST, false]);
    });

    test('gives each event with its place in its chain', async () => {
      const chain = (await list({ filter: { ...ALL, chains: [TWO] } })).items.toReversed();
      expect(chain.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
      expect(verifyAuditChain(chain, await ports.audit.readHead(TWO))).toBeUndefined();
    });

    test('records what a clock behind tells at the time of the event before it', async () => {
      expect((await eventNamed('b2')).facts.atMs).toBe(NOON + 1_000);
    });

    test.each<[string, Partial<AuditFilter>, readonly string[]]>([
      ['one chain', { chains: [ONE] }, ['d', 'c-one', 'a']],
      ['the organisation’s chain', { chains: [ORGANIZATION_REF] }, ['c-org']],
      ['two chains', { chains: [TWO, ORGANIZATION_REF] }, ['e2', 'e1', 'c-org', 'b2', 'b1']],
      ['no chain', { chains: [] }, []],
      ['a chain without events', { chains: [newTenantRef(randomBytes)] }, []],
      ['types', { types: ['project.created', 'api_key.created'] }, ['e2', 'e1', 'b1', 'a']],
      ['a key that acted', { actorIds: [keyId(ONE, KEY)] }, ['d']],
      ['the account of that key', { actorIds: [serviceAccountId(ONE, accountOfKey(KEY))] }, ['d']],
      ['the sweep', { actorIds: ['key-rotation'] }, ['b2']],
      ['what was changed', { resourceIds: ['b1', 'e2', 'nothing'] }, ['e2', 'b1']],
      ['an instant on', { fromMs: NOON + 2_999 }, ['e2', 'e1', 'd']],
      ['until an instant', { toMs: NOON + 1_000 }, ['a']],
      ['no time at all', { fromMs: NOON + 1, toMs: NOON }, []],
      ['one chain from an instant on', { chains: [ONE], fromMs: NOON + 1 }, ['d', 'c-one']],
      ['one chain until an instant', { chains: [TWO], toMs: NOON + 3_000 }, ['b2', 'b1']],
      ['everything at once', { chains: [TWO], types: ['api_key.created'], resourceIds: ['e1'] }, ['e1']],
    ])('filters by %s', async (_, filter, expected) => {
      expect(await named(filter)).toEqual(expected);
    });

    test.each<[string, AuditFilter]>([
      ['of all chains', ALL],
      ['of one chain', { ...ALL, chains: [ONE] }],
      ['of a filter', { ...ALL, types: ['project.updated'] }],
      ['of a span of time', { ...ALL, fromMs: NOON + 1_000, toMs: NOON + 3_000 }],
    ])('pages %s hold each event once, there and back', async (_, filter) => {
      const { items: all } = await list({ filter });
      for (let limit = 1; limit <= all.length; limit += 1) {
        const there = await pagesAfter(ports.audit, { filter, limit });
        expect(namesOf(there.flat())).toEqual(namesOf(all));
        const back = await pagesBefore(ports.audit, { query: { filter, limit }, last: all.at(-1) });
        expect(namesOf(back.toReversed().flat())).toEqual(namesOf(all.slice(0, -1)));
      }
    });

    test('a page begins at its cursor also where the filter leaves the cursor’s event out', async () => {
      const cursor = { direction: 'after', place: placeOf(await eventNamed('d')) } as const;
      const { items } = await list({ cursor, filter: { ...ALL, types: ['project.created'] } });
      expect(namesOf(items)).toEqual(['b1', 'a']);
    });

    test('a page before what is older than the span begins with the oldest of the span', async () => {
      const cursor = { direction: 'before', place: placeOf(await eventNamed('a')) } as const;
      const { items } = await list({ cursor, filter: { ...ALL, fromMs: NOON + 3_000 }, limit: 1 });
      expect(namesOf(items)).toEqual(['e1']);
    });

    test.each(['after', 'before'] as const)('a cursor %s no event is refused by name', async (direction) => {
      const places = [
        { chain: ONE, sequence: 4 },
        { chain: newTenantRef(randomBytes), sequence: 1 },
      ];
      for (const place of places) {
        await expect(list({ cursor: { direction, place } })).rejects.toEqual(refusedFor(direction));
      }
    });

    test.each(['after', 'before'] as const)(
      'a cursor %s an event of another tenant is refused like one of none',
      async (direction) => {
        const place = placeOf(await eventNamed('b1'));
        const listing = list({ cursor: { direction, place }, filter: { ...ALL, chains: [ONE] } });
        await expect(listing).rejects.toEqual(refusedFor(direction));
      },
    );

    describe('of which a page evaluates five events at most', () => {
      const listed = async (of: { filter?: Partial<AuditFilter>; limit?: number; after?: string }) => {
        const cursor =
          of.after === undefined
            ? undefined
            : ({ direction: 'after', place: placeOf(await eventNamed(of.after)) } as const);
        const query = { filter: { ...ALL, ...of.filter }, limit: of.limit ?? 100 };
        return namesOf(
          (await ports.impatient.list({ ...query, ...(cursor !== undefined && { cursor }) })).items,
        );
      };
      const unmatched = { resourceIds: ['nothing'] };

      test.each<[string, Parameters<typeof listed>[0]]>([
        ['that match nothing', { filter: unmatched }],
        ['that are fewer than the page holds', { filter: { types: ['project.created'] } }],
        ['of two chains among all', { filter: { chains: [ONE, ORGANIZATION_REF], resourceIds: ['a'] } }],
        ['after a cursor', { filter: unmatched, after: 'e1' }],
        ['within a span that holds seven', { filter: { ...unmatched, fromMs: NOON + 1_000 } }],
      ])('events %s are looked for no further', async (_, of) => {
        await expect(listed(of)).rejects.toEqual(refusedFor('effective_at'));
      });

      test.each<[string, Parameters<typeof listed>[0], readonly string[]]>([
        ['a page that is full before', { limit: 4 }, NEWEST_FIRST.slice(0, 4)],
        [
          'a span that holds five',
          { filter: { types: ['project.updated'], toMs: NOON + 2_999 } },
          [...SAME_INSTANT, 'b2'],
        ],
        ['a chain that holds four', { filter: { ...unmatched, chains: [TWO] } }, []],
        ['the rest after a cursor', { filter: { types: ['project.created'] }, after: 'd' }, ['b1', 'a']],
      ])('%s is answered', async (_, of, expected) => {
        expect(await listed(of)).toEqual(expected);
      });

      test('a span long ago in one chain is answered, however much came later', async () => {
        const chain = newTenantRef(randomBytes);
        const times = [1, 1, 2, 3, 3, 3, 4, 5, 6, 7, 8];
        for (const [index, atMs] of times.entries()) {
          await ports.append(entryOf(`old-${index}`, { chain, atMs }));
        }
        const namedAt = (wanted: (atMs: number) => boolean) =>
          times.flatMap((atMs, index) => (wanted(atMs) ? [`old-${index}`] : [])).toReversed();
        for (let toMs = 0; toMs <= 4; toMs += 1) {
          const names = await listed({ filter: { chains: [chain], fromMs: toMs - 2, toMs } });
          expect(names).toEqual(namedAt((atMs) => atMs < toMs && atMs >= toMs - 2));
        }
        const filter = { ...ALL, chains: [chain], fromMs: 7 };
        const cursor = { direction: 'before', place: { chain, sequence: 1 } } as const;
        const page = await ports.impatient.list({ filter, cursor, limit: 100 });
        expect(namesOf(page.items)).toEqual(namedAt((atMs) => atMs >= 7));
      });
    });

    test('reads a chain from its beginning to its head', async () => {
      const first = await ports.audit.readChain(ONE, { limit: 2 });
      expect([first.items.map(({ sequence }) => sequence), first.hasMore]).toEqual([[1, 2], true]);
      const second = await ports.audit.readChain(ONE, { limit: 2, after: '2' });
      expect([second.items.map(({ sequence }) => sequence), second.hasMore]).toEqual([[3], false]);
      const records: readonly AuditRecord[] = [...first.items, ...second.items];
      expect(verifyAuditChain(records, await ports.audit.readHead(ONE))).toBeUndefined();
    });

    test('a chain without events is empty, and so is its head', async () => {
      const chain = newTenantRef(randomBytes);
      expect(await ports.audit.readChain(chain, { limit: 1 })).toEqual({ items: [], hasMore: false });
      expect(await ports.audit.readHead(chain)).toEqual(EMPTY_CHAIN);
    });
  });
}
