/**
 * Explicit exploration of what may happen to workers that race. Each worker is the product's own code, stopped at
 * every call to the outside; a run is one choice, step by step, of whose call goes next and what befalls it. Runs begin
 * anew, so that two share nothing; one that comes to a state met before is cut: what can follow was explored.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { GatewayError } from '../../shared/domain/gateway-error.ts';

/**
 * - `fails`: no effect, and the worker is told so.
 * - `lost`: it takes effect, and the worker is told that there was no answer.
 * - `twice`: the sender repeats it, and it takes effect twice.
 * - `dies`: it takes effect, and the worker's process ends.
 */
export type Fault = 'none' | 'fails' | 'lost' | 'twice' | 'dies';

/** What can befall a call, and whether it matters when it is made. */
export interface CallKind {
  readonly faults: readonly Fault[];
  /** `at-once`: it reads what nobody changes meanwhile, so no order of it and another call can differ. */
  readonly order: 'free' | 'at-once';
  /** What a worker is told that gets no answer; `service_unavailable` where it says nothing. */
  readonly error?: () => Error;
}

/** Stands before the calls of the workers; others go through. */
export interface Gate {
  pass<Result>(
    call: { readonly name: string; readonly kind: CallKind },
    act: () => Promise<Result>,
  ): Promise<Result>;
  /** The worker that is calling; undefined outside of them. */
  worker(): string | undefined;
}

/** One run: fresh data, the workers on them, and what must hold when all is over. */
export interface Subject {
  readonly workers: Readonly<Record<string, () => Promise<unknown>>>;
  /** Everything that a later call can read, as text that is equal for equal data. */
  fingerprint(): string;
  /** Rejects where something is wrong in the middle of a run. */
  check(): Promise<void>;
  /** Recovers, then rejects where something is wrong. */
  finish(outcomes: ReadonlyMap<string, Outcome>): Promise<void>;
}

/** What became of a worker; a dead one has neither. */
export interface Outcome {
  readonly value?: unknown;
  readonly error?: unknown;
}

export interface Bounds {
  readonly faultsMax: number;
  /** How often a worker is interrupted that could go on. */
  readonly preemptionsMax: number;
}

export interface Exploration {
  /** Runs to the end, each another one. */
  readonly runs: number;
  /** Runs that came to a state met before. */
  readonly joined: number;
  readonly violations: readonly string[];
}

interface Pending {
  readonly worker: string;
  readonly name: string;
  readonly kind: CallKind;
  readonly take: (fault: Fault) => Promise<void>;
}
interface Option {
  readonly call: Pending;
  readonly fault: Fault;
  readonly preempts: number;
}
interface Choice {
  readonly index: number;
  readonly of: number;
  readonly label: string;
}

/** Explores depth first, everything within the bounds. */
export async function explore(make: (gate: Gate) => Promise<Subject>, bounds: Bounds): Promise<Exploration> {
  const met = new Set<string>();
  const violations: string[] = [];
  let path: readonly Choice[] | undefined = [];
  let runs = 0;
  let joined = 0;
  while (path !== undefined) {
    const run = await runOnce(make, { bounds, path, met });
    if (run.end === 'joined') joined += 1;
    else runs += 1;
    if (run.violation !== undefined) {
      violations.push(`${run.violation}, after ${run.choices.map(({ label }) => label).join(', ')}`);
    }
    path = nextPath(run.choices);
  }
  return { runs, joined, violations };
}

/** The path that differs from this one at the last step where something else could be chosen. */
function nextPath(choices: readonly Choice[]): readonly Choice[] | undefined {
  const last = choices.findLastIndex(({ index, of }) => index + 1 < of);
  const choice = choices[last];
  return choice === undefined
    ? undefined
    : [...choices.slice(0, last), { ...choice, index: choice.index + 1 }];
}

interface Run {
  readonly choices: readonly Choice[];
  readonly end: 'over' | 'joined';
  readonly violation?: string;
}

async function runOnce(
  make: (gate: Gate) => Promise<Subject>,
  of: { readonly bounds: Bounds; readonly path: readonly Choice[]; readonly met: Set<string> },
): Promise<Run> {
  const floor = createFloor();
  const subject = await make(floor.gate);
  floor.start(subject.workers);
  const choices: Choice[] = [];
  try {
    const end = await walk({ subject, floor, choices, ...of });
    if (end === 'over') await subject.finish(floor.outcomes);
    return { choices, end };
  } catch (error) {
    return { choices, end: 'over', violation: error instanceof Error ? error.message : String(error) };
  }
}

/** Takes step after step, along the path as far as it goes; adds to `choices` what it took. */
async function walk(of: {
  readonly subject: Subject;
  readonly floor: ReturnType<typeof createFloor>;
  readonly choices: Choice[];
  readonly bounds: Bounds;
  readonly path: readonly Choice[];
  readonly met: Set<string>;
}): Promise<Run['end']> {
  const { subject, floor, choices, path, met } = of;
  const left = { ...of.bounds };
  let current: string | undefined;
  for (let waiting = await floor.quiet(); waiting.length > 0; waiting = await floor.quiet()) {
    const options = optionsOf(waiting, { current, left });
    const replayed = path[choices.length];
    if (replayed === undefined && options.length > 1) {
      // Who went last matters only where interruptions are counted.
      const last = Number.isFinite(left.preemptionsMax) ? current : undefined;
      const state = digestOf([subject.fingerprint(), floor.histories(), last, left]);
      if (met.has(state)) return 'joined';
      met.add(state);
    }
    const index = replayed?.index ?? 0;
    const { call, fault, preempts } = options[index] ?? strayed();
    choices.push({
      index,
      of: options.length,
      label: labelOf(call, fault),
    });
    left.faultsMax -= Number(fault !== 'none');
    left.preemptionsMax -= preempts;
    current = call.worker;
    await call.take(fault);
    await subject.check();
  }
  return 'over';
}

const digestOf = (state: unknown): string =>
  createHash('sha1').update(JSON.stringify(state)).digest('base64');

const labelOf = ({ worker, name }: Pending, fault: Fault): string =>
  fault === 'none' ? `${worker} ${name}` : `${worker} ${name} (${fault})`;

const strayed = (): never => {
  throw new Error('A replay took another way.');
};

/** The worker that went last goes on first; a call whose order is of no matter goes before all choice. */
function optionsOf(
  waiting: readonly Pending[],
  of: { readonly current: string | undefined; readonly left: Bounds },
): readonly Option[] {
  const { current, left } = of;
  const own = waiting.filter(({ worker }) => worker === current);
  const others = waiting.filter(({ worker }) => worker !== current);
  const first = [...own, ...others].find(({ kind }) => kind.order === 'at-once');
  const preempts = own.length > 0 ? 1 : 0;
  const faultsOf = (call: Pending): readonly Fault[] => (left.faultsMax > 0 ? call.kind.faults : ['none']);
  const all = (calls: readonly Pending[], cost: number) =>
    calls.flatMap((call) => faultsOf(call).map((fault) => ({ call, fault, preempts: cost })));
  if (first !== undefined) return all([first], 0);
  return [...all(own, 0), ...(preempts <= left.preemptionsMax ? all(others, preempts) : [])];
}

/** The worker that is calling. One for all runs: each further one would make every promise slower. */
const storage = new AsyncLocalStorage<string>();

/** Where the workers stand and wait. */
function createFloor() {
  const alive = new Set<string>();
  const outcomes = new Map<string, Outcome>();
  const histories = new Map<string, string>();
  let pending: readonly Pending[] = [];
  const end = (worker: string, outcome: Outcome): void => {
    alive.delete(worker);
    pending = pending.filter((call) => call.worker !== worker);
    outcomes.set(worker, outcome);
  };
  const note = (worker: string, what: string): void => {
    const next = createHash('sha1')
      .update(histories.get(worker) ?? '')
      .update(what);
    histories.set(worker, next.digest('base64'));
  };
  const pass: Gate['pass'] = (call, act) => {
    const worker = storage.getStore();
    if (worker === undefined) return act();
    return new Promise((resolve, reject) => {
      const take = async (fault: Fault): Promise<void> => {
        pending = pending.filter((other) => other !== entry);
        const outcome = await storage.exit(() =>
          befall(act, { fault, unanswered: call.kind.error ?? unavailable }),
        );
        note(worker, `${call.name} ${fault} ${resultText(outcome)}`);
        if (fault === 'dies') end(worker, {});
        else if ('value' in outcome) resolve(outcome.value);
        else reject(outcome.error);
      };
      const entry = { ...call, worker, take };
      pending = [...pending, entry];
    });
  };
  return {
    gate: { pass, worker: () => storage.getStore() },
    outcomes,
    start: (workers: Subject['workers']): void => {
      for (const [worker, work] of Object.entries(workers)) {
        alive.add(worker);
        const over = storage.run(worker, work).then(
          (value) => end(worker, { value }),
          (error: unknown) => end(worker, { error }),
        );
        over.catch(() => undefined);
      }
    },
    /** The calls that wait, once every worker waits or is over; one may wait with several calls at once. */
    quiet: async (): Promise<readonly Pending[]> => {
      do await new Promise((resolve) => setImmediate(resolve));
      while ([...alive].some((worker) => !pending.some((call) => call.worker === worker)));
      return pending;
    },
    histories: () => [...histories].sort(),
  };
}

/** What the worker learns of a call. */
async function befall<Result>(
  act: () => Promise<Result>,
  of: { readonly fault: Fault; readonly unanswered: () => Error },
): Promise<{ readonly value: Result } | { readonly error: unknown }> {
  const { fault, unanswered } = of;
  if (fault === 'fails') return { error: unanswered() };
  try {
    if (fault === 'twice') await act();
    const value = await act();
    return fault === 'lost' ? { error: unanswered() } : { value };
  } catch (error) {
    return { error };
  }
}

const unavailable = (): GatewayError =>
  new GatewayError('service_unavailable', 'The store gave no answer. Try again.');

/** What is stored is handed out as it is, so most results were written down before. */
const written = new WeakMap<object, string>();

function resultText(outcome: object): string {
  const value: unknown = Reflect.get(outcome, 'value');
  if (typeof value !== 'object' || value === null) return textOf(outcome);
  const text = written.get(value) ?? textOf(value);
  written.set(value, text);
  return text;
}

/** What is sealed is another text each time, so it cannot tell states apart. */
export const textOf = (value: unknown): string =>
  JSON.stringify(value, (name, inner) => {
    if (name === 'sealed' || name === 'jwe') return '';
    if (inner instanceof Map) return [...inner];
    return inner instanceof Error ? inner.message : inner;
  }) ?? '';
