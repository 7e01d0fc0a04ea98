import { createMemoryTenancy } from '../../local/memory/tenancy.ts';
import { createCredentialStore } from '../../shared/aws/credential-store.ts';
import { createTenancyStore } from '../../shared/aws/tenancy-store.ts';
import type { CredentialStore, TenancyStore } from '../../shared/ports.ts';
import { type Administration, administration } from '../support/administration-fixture.ts';
import { authorizerEvent, authorizerOf } from '../support/credential-fixture.ts';
import { startTestDynamo } from '../support/dynamodb.ts';
import { seededRandom } from '../support/random.ts';
import { runs, seed } from '../support/runs.ts';

const dynamo = await startTestDynamo();
afterAll(() => dynamo?.close());

interface Stores {
  readonly credentials: CredentialStore;
  readonly tenancy: TenancyStore;
}

/** 0 up to `most`, the same for the same seed. */
type Dice = (most: number) => number;

function diceOf(name: string): Dice {
  const random = seededRandom(`${seed()} ${name}`);
  return (most) => (random(1)[0] ?? 0) % (most + 1);
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
};

/** A store whose every call takes some turns of the event loop before it acts and before it answers. */
function unhurried<Store extends object>(store: Store, dice: Dice): Store {
  return new Proxy(store, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== 'function') return member;
      return async (...of: unknown[]) => {
        await turns(dice(2));
        const result: unknown = await Reflect.apply(member, target, of);
        await turns(dice(2));
        return result;
      };
    },
  });
}

interface Issued {
  readonly project: string;
  readonly account: string;
  readonly id: string;
  readonly value: string;
}

/** The ways in which a key comes to its end at once. */
const ENDINGS = {
  'a revoked key': ({ call }: Administration, of: Issued) =>
    call('DELETE /organization/projects/{project_id}/api_keys/{api_key_id}', {
      path: { project_id: of.project, api_key_id: of.id },
    }),
  'a deleted service account': ({ call }: Administration, of: Issued) =>
    call('DELETE /organization/projects/{project_id}/service_accounts/{service_account_id}', {
      path: { project_id: of.project, service_account_id: of.account },
    }),
  'an archived project': ({ call }: Administration, of: Issued) =>
    call('POST /organization/projects/{project_id}/archive', { path: { project_id: of.project } }),
} as const;
type Ending = keyof typeof ENDINGS;

async function issue({ call }: Administration, project: string): Promise<Issued> {
  const { body } = await call('POST /organization/projects/{project_id}/service_accounts', {
    path: { project_id: project },
    body: { name: 'workload' },
  });
  return { project, account: body.id, id: body.api_key.id, value: body.api_key.value };
}

/** Whether the authorizer admits the key; anything but yes and a plain no is a failure of the test. */
async function isAdmitted(authorizer: ReturnType<typeof authorizerOf>, { value }: Issued): Promise<boolean> {
  try {
    await authorizer(authorizerEvent({ headers: { Authorization: `Bearer ${value}` } }));
    return true;
  } catch (error) {
    if (error instanceof Error && error.message === 'Unauthorized') return false;
    throw error;
  }
}

const RACING = 4;
const LATE = 3;

/** One key: requests that race its end, and requests that begin once the end was answered. */
async function race(
  of: {
    readonly plane: Administration;
    readonly authorizer: ReturnType<typeof authorizerOf>;
    readonly dice: Dice;
    readonly project: string;
  },
  ending: Ending,
) {
  const { plane, authorizer, dice } = of;
  const issued = await issue(plane, of.project);
  const before = await isAdmitted(authorizer, issued);
  const racing = Array.from({ length: RACING }, async () => {
    await turns(dice(12));
    return isAdmitted(authorizer, issued);
  });
  await turns(dice(3));
  const { status } = await ENDINGS[ending](plane, issued);
  const late = await Promise.all(Array.from({ length: LATE }, () => isAdmitted(authorizer, issued)));
  return { before, status, late, racing: await Promise.all(racing) };
}

/** Races that run at once. */
const LANES = 8;

async function manyRaces(stores: Stores, of: { readonly count: number; readonly ending: Ending }) {
  const dice = diceOf(of.ending);
  const plane = administration(() => stores.tenancy);
  const authorizer = authorizerOf(stores.credentials);
  const tally = { tries: 0, admittedBefore: 0, ended: 0, admittedLate: 0, racedIn: 0, racedOut: 0 };
  const lane = async (): Promise<void> => {
    let project = await plane.newProject();
    while (tally.tries < of.count) {
      tally.tries += 1;
      if (of.ending === 'an archived project') project = await plane.newProject();
      const { before, status, late, racing } = await race({ plane, authorizer, dice, project }, of.ending);
      tally.admittedBefore += Number(before);
      tally.ended += Number(status === 200);
      tally.admittedLate += late.filter(Boolean).length;
      tally.racedIn += racing.filter(Boolean).length;
      tally.racedOut += racing.filter((admitted) => !admitted).length;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return tally;
}

/** With how many races: each makes LATE requests that begin after the end was answered, so a thousand at least. */
const KINDS: [string, () => Promise<Stores>, number][] = [
  [
    'the stores in memory, unhurried',
    async () => {
      const dice = diceOf('memory');
      const { credentials, tenancy } = createMemoryTenancy();
      return { credentials: unhurried(credentials, dice), tenancy: unhurried(tenancy, dice) };
    },
    runs(1_000, 10_000),
  ],
];
if (dynamo === undefined) {
  test('this machine has no local DynamoDB, so only the stores in memory were raced', () => undefined);
} else {
  KINDS.push([
    'DynamoDB',
    async () => {
      const tables = await dynamo.makeTables();
      return {
        credentials: createCredentialStore({ dynamo: dynamo.lean, tables }),
        tenancy: createTenancyStore({ dynamo: dynamo.lean, tables, clock: () => 0 }),
      };
    },
    runs(340, 3_400),
  ]);
}

describe.each(KINDS)(
  'no request is admitted that begins after the answer to its key’s end, on %s',
  (_, open, count) => {
    test.each<[Ending, number]>([
      ['a revoked key', count],
      ['a deleted service account', count / 10],
      ['an archived project', count / 10],
    ])(
      `by %s, in %i races`,
      async (ending, tries) => {
        const tally = await manyRaces(await open(), { count: tries, ending });
        expect(tally).toEqual({
          tries,
          admittedBefore: tries,
          ended: tries,
          admittedLate: 0,
          racedIn: expect.any(Number),
          racedOut: RACING * tries - tally.racedIn,
        });
        // Otherwise nothing raced.
        expect([tally.racedIn > 0, tally.racedOut > 0]).toEqual([true, true]);
      },
      300_000 * Math.ceil(count / 1_000),
    );
  },
);
