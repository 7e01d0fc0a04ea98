/**
 * The whole life of keys against a reference model: whatever administrators, workloads, sweeps and time do, and in
 * whatever order, each secret opens what it should and nothing else.
 */
import fc from 'fast-check';
import {
  archive,
  claimWith,
  createAccount,
  createKey,
  deleteAccount,
  newLink,
  revokeKey,
  rotateOnDemand,
  rotateSelf,
  updateKey,
  useKey,
} from '../support/key-commands.ts';
import { newKeyLife } from '../support/key-life.ts';
import { DAY, newKeyModel } from '../support/key-model.ts';
import { jump, jumpToBoundary, livesOn, sweep } from '../support/key-time-commands.ts';
import { runs, seed } from '../support/runs.ts';

const COMMANDS_MAX = 16;
const HOUR = 3_600_000;

const index = fc.nat(11);
const header = fc.constantFrom(undefined, undefined, 'once', 'again');
const delivery = fc.constantFrom(
  'response' as const,
  'jwe' as const,
  'secrets_manager' as const,
  'claim' as const,
);
const order = fc.record({
  days: fc.constantFrom(90, 90, 90, 30, 28, 27, 1),
  delivery,
  scheduled: fc.constantFrom('claim' as const, 'jwe' as const, 'secrets_manager' as const),
  automatic: fc.constantFrom(true, true, true, false),
  header,
});
const change = fc.record(
  {
    seconds: fc.constantFrom(1, 3_600, 30 * 86_400, 76 * 86_400, 90 * 86_400),
    scopes: fc.constantFrom(
      ['keys:rotate'],
      ['chat.completions:write'],
      ['chat.completions:write', 'keys:rotate'],
    ),
    automatic: fc.boolean(),
  },
  { requiredKeys: [] },
);
const times = fc.constantFrom(1, 1, 2);
const beside = fc.constantFrom(-1, 0, 1);

const frequent = [
  order.map(createAccount),
  fc.record({ account: index, order }).map(createKey),
  fc
    .record({
      key: index,
      delivery,
      overlapSeconds: fc.constantFrom(undefined, undefined, 0, 3_600),
      header,
      times,
    })
    .map(rotateOnDemand),
  fc.record({ secret: index }).map(rotateSelf),
  fc.record({ secret: index }).map(useKey),
  fc.record({ token: index, times }).map(claimWith),
  fc.record({ times }).map(sweep),
  fc.record({ times }).map(sweep),
  fc.record({ ms: fc.constantFrom(1, 60_000, HOUR, DAY, 3 * DAY, 14 * DAY, 60 * DAY, 76 * DAY) }).map(jump),
  fc.record({ boundary: fc.nat(99), beside }).map(jumpToBoundary),
  fc.record({ boundary: fc.nat(99), beside }).map(jumpToBoundary),
];
const rare = [
  fc.record({ key: index }).map(newLink),
  fc.record({ key: index, cascade: fc.boolean() }).map(revokeKey),
  fc.record({ key: index, change }).map(updateKey),
  fc.record({ steps: fc.integer({ min: 1, max: 8 }), days: fc.constantFrom(1, 7, 13) }).map(livesOn),
];
const rarest = [fc.record({ account: index }).map(deleteAccount), fc.constant(archive())];

const commands = fc.commands(
  [
    fc.oneof(
      { weight: 20, arbitrary: fc.oneof(...frequent) },
      { weight: 8, arbitrary: fc.oneof(...rare) },
      { weight: 1, arbitrary: fc.oneof(...rarest) },
    ),
  ],
  { maxCommands: COMMANDS_MAX, size: 'max' },
);

test(
  'whatever befalls keys, each secret opens what the model says, and nobody is locked out',
  async () => {
    const property = fc.asyncProperty(order, commands, async (first, rest) => {
      const life = await newKeyLife('keys');
      const setup = () => ({ model: newKeyModel(life.world.nowMs()), real: life });
      await fc.asyncModelRun(setup, [createAccount(first), ...rest]);
    });
    await fc.assert(property, { numRuns: runs(1_000, 10_000), seed: seed(), verbose: true });
  },
  runs(120_000, 1_800_000),
);
