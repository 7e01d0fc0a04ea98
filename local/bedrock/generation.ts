/** What a test may watch: each call of an operation that generates, from its acceptance to its end. */
import type { Fault } from './directive.ts';
import type { Exchange } from './exchange.ts';

/** `finished`: the emulator did all it meant to, a fault asked for included; `aborted`: the caller went away first. */
export type GenerationState = 'running' | 'finished' | 'aborted';

export interface Generation {
  /** The `x-amzn-requestid` of the answer. */
  readonly requestId: string;
  readonly operation: GeneratingOperation;
  readonly modelId: string;
  readonly requestMetadata: Readonly<Record<string, string>>;
  /** The body as received, parsed. */
  readonly body: unknown;
  /** The fault that its directive asked for. */
  readonly fault?: Fault;
  readonly state: GenerationState;
  /** Tokens handed to the network so far. */
  readonly tokensSent: number;
  /** Resolves with this generation when it is no longer running. */
  readonly ended: Promise<Generation>;
}

export type GeneratingOperation =
  | 'ChatCompletions'
  | 'Converse'
  | 'ConverseStream'
  | 'InvokeModel'
  | 'InvokeModelWithResponseStream'
  | 'Responses';

export interface Generations {
  /** The latest, oldest first; as many as `generationsKept`. */
  readonly all: readonly Generation[];
  /** How many there have been since the start, forgotten ones included. */
  readonly count: number;
  /** The first that matches, of those kept or, as soon as it begins, of those to come. */
  whenBegun(matches?: (generation: Generation) => boolean): Promise<Generation>;
  /** Forgets all of them, the count included. */
  clear(): void;
}

export type GenerationFacts = Pick<
  Generation,
  'requestId' | 'operation' | 'modelId' | 'requestMetadata' | 'body' | 'fault'
>;

/** A generation as the one who runs it sees it: state and tokens sent move on. */
export class RunningGeneration implements Generation {
  readonly requestId: string;
  readonly operation: GeneratingOperation;
  readonly modelId: string;
  readonly requestMetadata: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly fault?: Fault;
  readonly ended: Promise<Generation>;
  tokensSent = 0;
  #state: GenerationState = 'running';
  readonly #resolveEnded: (generation: Generation) => void;

  constructor(facts: GenerationFacts, exchange: Exchange) {
    this.requestId = facts.requestId;
    this.operation = facts.operation;
    this.modelId = facts.modelId;
    this.requestMetadata = facts.requestMetadata;
    this.body = facts.body;
    if (facts.fault !== undefined) this.fault = facts.fault;
    const { promise, resolve } = Promise.withResolvers<Generation>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    exchange.onOver(() => this.end(exchange.finished ? 'finished' : 'aborted'));
  }

  get state(): GenerationState {
    return this.#state;
  }

  /** The first end counts. */
  end(state: 'finished' | 'aborted'): void {
    if (this.#state !== 'running') return;
    this.#state = state;
    this.#resolveEnded(this);
  }
}

/** Keeps the latest generations and tells waiting tests of new ones. */
export class GenerationLog implements Generations {
  readonly #kept: Generation[] = [];
  readonly #keptMax: number;
  readonly #waiting = new Set<(generation: Generation) => void>();
  #count = 0;

  constructor(keptMax: number) {
    this.#keptMax = keptMax;
  }

  get all(): readonly Generation[] {
    return [...this.#kept];
  }

  get count(): number {
    return this.#count;
  }

  add(generation: Generation): void {
    this.#count += 1;
    this.#kept.push(generation);
    if (this.#kept.length > this.#keptMax) this.#kept.shift();
    for (const tell of this.#waiting) tell(generation);
  }

  whenBegun(matches: (generation: Generation) => boolean = () => true): Promise<Generation> {
    const found = this.#kept.find(matches);
    if (found !== undefined) return Promise.resolve(found);
    const { promise, resolve } = Promise.withResolvers<Generation>();
    const tell = (generation: Generation) => {
      if (!matches(generation)) return;
      this.#waiting.delete(tell);
      resolve(generation);
    };
    this.#waiting.add(tell);
    return promise;
  }

  clear(): void {
    this.#kept.length = 0;
    this.#count = 0;
  }
}
