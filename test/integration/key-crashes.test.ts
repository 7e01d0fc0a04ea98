/**
 * Keys over the real adapters and a DynamoDB: two workers, and each of their calls to it once without effect and once
 * without an answer. test/property/key-crashes.test.ts does the same at the ports, where more orders can be tried.
 */
import type { Item } from '../../shared/aws/attribute.ts';
import { createAuditStore } from '../../shared/aws/audit-store.ts';
import { createCredentialStore } from '../../shared/aws/credential-store.ts';
import type { Dynamo } from '../../shared/aws/dynamo.ts';
import { KEY_PREFIX, OUTBOX_PREFIX, partitionOf } from '../../shared/aws/item-keys.ts';
import { fromKeyItem } from '../../shared/aws/key-items.ts';
import { fromOutboxItem } from '../../shared/aws/message-items.ts';
import { readPage } from '../../shared/aws/query-page.ts';
import { createTenancyStore } from '../../shared/aws/tenancy-store.ts';
import { accountOfKey } from '../../shared/domain/ids.ts';
import type { ApiKey } from '../../shared/domain/tenancy.ts';
import type { TenancyStore } from '../../shared/ports.ts';
import { type CallKind, explore, type Gate } from '../support/crash-explorer.ts';
import { startTestDynamo, type TestDynamo } from '../support/dynamodb.ts';
import { type CrashScenario, LONG, SHORT, subjectOf } from '../support/key-crash-scenarios.ts';
import { type CrashWorld, createOutage, randomOf } from '../support/key-crash-world.ts';
import { keyWorld } from '../support/key-world.ts';
import { runs } from '../support/runs.ts';

const server = await startTestDynamo();
afterAll(() => server?.close());

const TIMEOUT_MS = runs(120_000, 600_000);
const PAGE = 100;
const noAnswer = (): Error => Object.assign(new Error('No answer.'), { name: 'TimeoutError' });
const READ: CallKind = { faults: ['none', 'fails'], order: 'free', error: noAnswer };
const WRITE: CallKind = { ...READ, faults: ['none', 'fails', 'lost'] };
const kindOf = (name: string): CallKind =>
  ['putItem', 'updateItem', 'transactWriteItems'].includes(name) ? WRITE : READ;

const gated = (dynamo: Dynamo, gate: Gate): Dynamo =>
  new Proxy(dynamo, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function' || typeof name !== 'string') return method;
      const call = { name, kind: kindOf(name) };
      return (...of: unknown[]) => gate.pass(call, async () => Reflect.apply(method, target, of));
    },
  });

/** The first key that is committed: all else of a run is found by it. */
function noticing(tenancy: TenancyStore, notice: (key: ApiKey) => void): TenancyStore {
  return {
    ...tenancy,
    commit: async (change) => {
      const result = await tenancy.commit(change);
      for (const write of change.writes) {
        if (write.op === 'insert' && write.entity.type === 'key') notice(write.entity.value);
      }
      return result;
    },
  };
}

/** The world over tables of its own. */
const worldOver =
  (dynamoDb: TestDynamo) =>
  async (gate: Gate): Promise<CrashWorld> => {
    const { lean, makeTable } = dynamoDb;
    const [config, audit, auditHead] = [await makeTable(), await makeTable(), await makeTable()];
    const tables = { config, audit, auditHead };
    const waiting = { random: () => 0, wait: async () => {} };
    const dynamo = gated(lean, gate);
    let first: ApiKey | undefined;
    const tenancy = noticing(createTenancyStore({ dynamo, tables, clock: () => 0, waiting }), (key) => {
      first ??= key;
    });
    const credentials = createCredentialStore({ dynamo: lean, tables });
    const random = randomOf(gate);
    const outage = createOutage();
    const world = keyWorld({
      random,
      store: { tenancy, credentials },
      over: (ports) => ({ ...ports, events: outage.before(ports.events) }),
    });
    const key = (): ApiKey => first ?? fail('no key');
    const page = async <Entity>(prefix: string, read: (item: Item) => Entity) => {
      const of = { table: config, partition: partitionOf(key().tenant), prefix, read };
      return (await readPage(lean, { ...of, after: undefined, limit: PAGE })).items;
    };
    const log = createAuditStore({ dynamo: lean, tables });
    const records = async () => (await log.readChain(key().tenant, { limit: PAGE })).items;
    return {
      ...world,
      ports: { tenancy, random },
      keys: () => page(KEY_PREFIX, (item) => fromKeyItem(key().tenant, item)),
      messages: () => page(OUTBOX_PREFIX, (item) => fromOutboxItem(key().tenant, item)),
      records,
      atRest: async () => JSON.stringify([await page('', (item) => item), await records()]),
      currentValue: () =>
        world.vault.currentValue({ tenant: key().tenant, account: accountOfKey(key().ref) }),
      withoutEvents: outage.during,
      version: () => 0,
      // What is stored is not asked for at each step, so no run is known to join another.
      fingerprint: () => config,
    };
  };

const fail = (message: string): never => {
  throw new Error(message);
};

/** Runs with one fault, and with one interruption. What is not here is explored by `npm run test:long`. */
const RUNS: Readonly<Record<string, number>> = {
  'two rotations on demand': 100,
  'two first claims': 28,
  'two repeated claims': 24,
  'a claim and a self-rotation': 29,
  'a revocation and a claim': 26,
  'a cascade and a claim': 34,
  'a cascade and a repeated claim': 41,
  'a cascade and a sweep, delivery by secrets_manager': 100,
};
const isChosen = ({ name }: CrashScenario): boolean => runs(Number(name in RUNS), 1) === 1;

if (server === undefined) {
  test('skipped: this machine has no local DynamoDB', () => expect(server).toBeUndefined());
} else {
  test.each([...LONG, ...SHORT].filter(isChosen))(
    'a call to DynamoDB that fails or loses its answer harms no key: $name',
    async (scenario) => {
      const make = subjectOf(scenario, worldOver(server));
      const faults = await explore(make, { faultsMax: 1, preemptionsMax: 0 });
      const orders = await explore(make, { faultsMax: 0, preemptionsMax: 1 });
      const count = faults.runs + orders.runs;
      process.stdout.write(`      ${scenario.name}: ${count} runs\n`);
      expect([...faults.violations, ...orders.violations].slice(0, 3)).toEqual([]);
      expect(count).toBeGreaterThanOrEqual(RUNS[scenario.name] ?? 1);
    },
    TIMEOUT_MS,
  );
}
