/** The world of keys behind the explorer's gate: every call of its workers to the outside waits for its turn. */
import type { KeyRotationPorts } from '../../functions/key-rotation/ports.ts';
import { parseKey } from '../../shared/domain/api-key.ts';
import type { AuditRecord } from '../../shared/domain/audit.ts';
import type { Entity } from '../../shared/domain/change.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { accountOfKey, type RandomBytes } from '../../shared/domain/ids.ts';
import type { OutboxMessage } from '../../shared/domain/outbox.ts';
import type { ApiKey } from '../../shared/domain/tenancy.ts';
import type { EventBus } from '../../shared/ports.ts';
import { type CallKind, type Gate, textOf } from './crash-explorer.ts';
import { type KeyWorld, keyWorld } from './key-world.ts';
import { seededRandom } from './random.ts';

export interface CrashWorld extends KeyWorld {
  /** What a worker calls, behind the gate. */
  readonly ports: Pick<KeyRotationPorts, 'tenancy' | 'random'>;
  /** Does something while the event bus gives no answer. */
  withoutEvents(work: () => Promise<unknown>): Promise<void>;
  /** What the workload reads in Secrets Manager; undefined where nothing was ever put. */
  currentValue(): string | undefined;
  keys(): Promise<readonly ApiKey[]>;
  messages(): Promise<readonly OutboxMessage[]>;
  /** The chain of the project. */
  records(): Promise<readonly AuditRecord[]>;
  /** Everything that is stored, as text. */
  atRest(): Promise<string>;
  /** Rises with every commit. */
  version(): number;
  /** Everything that a later call can read. */
  fingerprint(): string;
}

const READ: CallKind = { faults: ['none', 'fails'], order: 'free' };
/** Of projects, accounts, alerts and settings, which no worker here changes. */
const FIXED: CallKind = { ...READ, order: 'at-once' };
/** A resent commit carries its token, so it takes effect once. */
const COMMIT: CallKind = { faults: ['none', 'fails', 'lost', 'dies'], order: 'free' };
const SEND: CallKind = { faults: ['none', 'fails', 'lost', 'twice', 'dies'], order: 'free' };

const KINDS: Readonly<Record<string, CallKind>> = {
  commit: COMMIT,
  putPending: SEND,
  promote: SEND,
  publish: SEND,
  readTenant: FIXED,
  readAccount: FIXED,
  listTenants: FIXED,
  listAlerts: FIXED,
  baseUrl: FIXED,
};

/** Puts the gate before each method. */
const gated = <Port extends object>(port: Port, gate: Gate): Port =>
  new Proxy(port, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function' || typeof name !== 'string') return method;
      const kind = KINDS[name] ?? READ;
      return (...of: unknown[]) => gate.pass({ name, kind }, async () => Reflect.apply(method, target, of));
    },
  });

export function crashWorld(gate: Gate): CrashWorld {
  const record = createRecord();
  const outage = createOutage();
  const random = randomOf(gate);
  let gatedTenancy: KeyRotationPorts['tenancy'] | undefined;
  const over = (ports: KeyRotationPorts): KeyRotationPorts => {
    gatedTenancy = gated(record.tenancy(ports.tenancy), gate);
    return {
      ...ports,
      tenancy: gatedTenancy,
      vault: gated(record.vault(ports.vault), gate),
      events: gated(outage.before(ports.events), gate),
      settings: gated(ports.settings, gate),
    };
  };
  const world = keyWorld({ random, over });
  return {
    ...world,
    ...record.read(world),
    ports: { tenancy: gatedTenancy ?? world.tenancy, random },
    withoutEvents: outage.during,
  };
}

/** Each worker's own, so that what one draws does not depend on the other's pace. */
export function randomOf(gate: Gate): RandomBytes {
  const own = new Map<string, RandomBytes>();
  return (length) => {
    const name = gate.worker() ?? 'outside';
    const random = own.get(name) ?? seededRandom(name);
    own.set(name, random);
    return random(length);
  };
}

/** An event bus that gives no answer for a while. */
export function createOutage() {
  let isDown = false;
  const refuse = (): Promise<never> =>
    Promise.reject(new GatewayError('service_unavailable', 'No events today.'));
  return {
    before: (bus: EventBus): EventBus => ({
      publish: (event) => (isDown ? refuse() : bus.publish(event)),
    }),
    during: async (work: () => Promise<unknown>): Promise<void> => {
      isDown = true;
      await work();
      isDown = false;
    },
  };
}

type Recorded = Pick<
  CrashWorld,
  'currentValue' | 'keys' | 'messages' | 'records' | 'atRest' | 'version' | 'fingerprint'
>;

/** Remembers what was committed, and which versions were put in Secrets Manager and what they hold. */
function createRecord() {
  const entities = new Map<string, Entity>();
  const versions = new Map<string, string>();
  let version = 0;
  const note = (entity: Entity): void => {
    version += 1;
    entities.set(placeOf(entity), entity);
  };
  return {
    tenancy: (tenancy: KeyRotationPorts['tenancy']): KeyRotationPorts['tenancy'] => ({
      ...tenancy,
      commit: async (change) => {
        const result = await tenancy.commit(change);
        for (const write of result === 'committed' ? change.writes : []) {
          if (write.op === 'insert' || write.op === 'replace') note(write.entity);
        }
        return result;
      },
    }),
    vault: (vault: KeyRotationPorts['vault']): KeyRotationPorts['vault'] => ({
      ...vault,
      putPending: async (of, value) => {
        const stored = await vault.putPending(of, value);
        versions.set(of.versionId, stored.value);
        return stored;
      },
    }),
    read: (world: KeyWorld) => readerOf(world, { entities, versions, version: () => version }),
  };
}

function readerOf(
  world: KeyWorld,
  of: {
    readonly entities: ReadonlyMap<string, Entity>;
    readonly versions: ReadonlyMap<string, string>;
    readonly version: () => number;
  },
): Recorded {
  const { entities, versions, version } = of;
  let stored = { version: -1, text: '' };
  const storedText = (): string =>
    textOf([
      [...entities].sort(([one], [other]) => (one < other ? -1 : 1)),
      [...world.chains.values()].map((chain) => chain.at(-1)?.hash),
    ]);
  // One account is enough here, so any version names it.
  const currentValue = (): string | undefined => {
    const any = parseKey([...versions.values()][0] ?? '');
    return any && world.vault.currentValue({ tenant: any.tenant, account: accountOfKey(any.key) });
  };
  // Who subscribes tells repeats apart, so neither their number nor their order is part of the state.
  const sentText = (): string =>
    textOf([
      [...new Set(world.bus.published.map(({ id, detail }) => `${id} ${detail['claim_url']}`))].sort(),
      [...versions],
      currentValue(),
    ]);
  const all = <Type extends Entity['type']>(type: Type) =>
    [...entities.values()].filter((one): one is Extract<Entity, { type: Type }> => one.type === type);
  return {
    currentValue,
    version,
    keys: async () => all('key').map(({ value }) => value),
    messages: async () => all('outbox').map(({ value }) => value),
    records: async () => all('account').flatMap(({ value }) => world.chains.get(value.tenant) ?? []),
    atRest: async () => textOf([[...entities], [...world.chains]]),
    fingerprint: () => {
      if (stored.version !== version()) stored = { version: version(), text: storedText() };
      return stored.text + sentText();
    },
  };
}

function placeOf({ type, value }: Entity): string {
  const names = ['ref', 'id', 'digest', 'name'].map((field) => Reflect.get(value, field));
  return `${type} ${names.find((name) => name !== undefined)}`;
}
