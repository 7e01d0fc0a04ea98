/**
 * Explicit exploration of everything that may happen to requests on one limits item. Each actor is the real store's
 * code, stopped at every call to DynamoDB; a run is one choice, step by step, of which actor's call goes next and
 * what befalls it. Runs are replayed from the start, so that nothing is shared between two of them.
 *
 * What may befall a call: it is answered; it acts, its answer is lost and the sender repeats it at once; the same,
 * and the first copy acts once more at any later step; it acts, now or at any later step, and its sender is told that
 * no answer came; its process dies before it acts, or after.
 */
import type { Dynamo } from '../../shared/aws/dynamo.ts';
import { createMemoryDynamo, dynamoError, type MemoryDynamo } from './memory-dynamo.ts';

export const FAULTS = [
  'none',
  'resent',
  'late-copy',
  'unanswered',
  'unanswered-late',
  'dies-before',
  'dies-after',
] as const;
export type Fault = (typeof FAULTS)[number];
/** Those after which a request still has its answer, or nobody who could do anything. */
export const ANSWERED = FAULTS.filter((fault) => !fault.startsWith('unanswered'));

/** What a run is made of. Actors run on their own sender; those of one process die together. */
export interface Scenario {
  readonly faultsMax: number;
  /** What may befall a write, 'none' first. */
  readonly faults: readonly Fault[];
  /** Begins the actors; each gets the sender of its process. */
  readonly begin: (sender: (process: string) => Dynamo) => readonly Promise<unknown>[];
  /** Throws where the data are wrong in the middle of a run. */
  readonly check: (dynamo: MemoryDynamo) => void;
  /** Recovers after all is over, then throws where something is wrong. */
  readonly finish: (dynamo: MemoryDynamo) => Promise<void>;
}

export interface Exploration {
  readonly runs: number;
  readonly steps: number;
  readonly violations: readonly string[];
}

/** One call of an actor, waiting for its turn; or the late copy of one. */
interface Pending {
  readonly process: string;
  readonly name: string;
  readonly act: () => Promise<unknown>;
  readonly writes: boolean;
  /** Acts, and answers the actor; absent in a late copy, for which nobody waits. */
  readonly answer?: (attempts: number) => Promise<void>;
  /** Tells the actor that no answer came. */
  readonly lose: () => void;
}
interface Choice {
  readonly index: number;
  readonly of: number;
  readonly label: string;
}

/** Explores depth first until every run was made or `runsMax` were. */
export async function explore(scenario: Scenario, runsMax: number): Promise<Exploration> {
  const violations: string[] = [];
  let path: readonly Choice[] | undefined = [];
  let runs = 0;
  let steps = 0;
  while (path !== undefined && runs < runsMax) {
    const run = await runOnce(scenario, path);
    runs += 1;
    steps += run.choices.length;
    if (run.violation !== undefined) {
      violations.push(`${run.violation} after ${run.choices.map(({ label }) => label).join(', ')}`);
    }
    path = nextPath(run.choices);
  }
  return { runs, steps, violations };
}

/** The path that differs from this one at the last step where something else could be chosen. */
function nextPath(choices: readonly Choice[]): readonly Choice[] | undefined {
  const last = choices.findLastIndex(({ index, of }) => index + 1 < of);
  const choice = choices[last];
  return choice === undefined
    ? undefined
    : [...choices.slice(0, last), { ...choice, index: choice.index + 1 }];
}

async function runOnce(
  scenario: Scenario,
  path: readonly Choice[],
): Promise<{ readonly choices: readonly Choice[]; readonly violation?: string }> {
  const dynamo = createMemoryDynamo();
  const world = createWorld(dynamo, scenario);
  // A refusal ends an actor as well as success; those of dead processes never end.
  for (const actor of scenario.begin(world.sender)) actor.catch(() => undefined);
  const choices: Choice[] = [];
  try {
    await settleDown();
    for (let options = world.options(); options.length > 0; options = world.options()) {
      const index = path[choices.length]?.index ?? 0;
      const option = options[index];
      if (option === undefined) throw new Error('A replay took another way.');
      choices.push({ index, of: options.length, label: option.label });
      await option.take();
      await settleDown();
      scenario.check(dynamo);
    }
    await scenario.finish(dynamo);
    return { choices };
  } catch (error) {
    return { choices, violation: error instanceof Error ? error.message : String(error) };
  }
}

/** Lets every actor run to its next call: the store awaits nothing but its sender. */
const settleDown = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Option {
  readonly label: string;
  readonly take: () => Promise<void>;
}

function createWorld(dynamo: MemoryDynamo, { faultsMax, faults: kinds }: Scenario) {
  const dead = new Set<string>();
  let pending: readonly Pending[] = [];
  let faults = 0;
  const drop = (call: Pending): void => {
    pending = pending.filter((other) => other !== call);
  };
  const die = (process: string): void => {
    dead.add(process);
    pending = pending.filter((call) => call.process !== process || call.answer === undefined);
  };
  const leaveCopy = ({ process, name, act, lose }: Pending): void => {
    pending = [...pending, { process, name: `${name} copy`, act, lose, writes: true }];
  };
  const answer = async (call: Pending, attempts: number): Promise<void> => await call.answer?.(attempts);
  const befall: Readonly<Record<Fault, (call: Pending) => Promise<void>>> = {
    none: (call) => answer(call, 1),
    resent: async (call) => {
      await call.act().catch(() => undefined);
      await answer(call, 2);
    },
    'late-copy': async (call) => {
      leaveCopy(call);
      await answer(call, 2);
    },
    unanswered: async (call) => {
      await call.act().catch(() => undefined);
      call.lose();
    },
    'unanswered-late': async (call) => {
      leaveCopy(call);
      call.lose();
    },
    'dies-before': async (call) => die(call.process),
    'dies-after': async (call) => {
      await call.act().catch(() => undefined);
      die(call.process);
    },
  };
  const optionsOf = (call: Pending): readonly Option[] => {
    if (call.answer === undefined) {
      const deliver = async (): Promise<void> => {
        drop(call);
        await call.act().catch(() => undefined);
      };
      return [{ label: `${call.process} ${call.name}`, take: deliver }];
    }
    const possible = faults < faultsMax && call.writes ? kinds : kinds.slice(0, 1);
    return possible.map((fault) => ({
      label: `${call.process} ${call.name}${fault === 'none' ? '' : ` (${fault})`}`,
      take: async () => {
        drop(call);
        if (fault !== 'none') faults += 1;
        await befall[fault](call);
      },
    }));
  };
  const sender = (process: string): Dynamo => {
    const stop =
      <Input, Output extends object>(name: string, act: (input: Input) => Promise<Output>) =>
      (input: Input): Promise<Output> =>
        new Promise<Output>((resolve, reject) => {
          if (dead.has(process)) return;
          const answerTo = (attempts: number): Promise<void> =>
            act(input).then(
              (output) => resolve({ ...output, $metadata: { attempts } }),
              (error: Error) => reject(Object.assign(error, { $metadata: { attempts } })),
            );
          const lose = (): void => reject(dynamoError('NetworkError', 'The answer was lost.'));
          const writes = name !== 'get';
          pending = [...pending, { process, name, writes, act: () => act(input), answer: answerTo, lose }];
        });
    return {
      ...dynamo,
      getItem: stop('get', dynamo.getItem),
      putItem: stop('put', dynamo.putItem),
      updateItem: stop('update', dynamo.updateItem),
    };
  };
  return {
    sender,
    options: (): readonly Option[] => pending.flatMap(optionsOf),
  };
}
