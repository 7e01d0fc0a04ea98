/** Ends a running call whose key was revoked, also while the model is silent: a timer of its own asks the store. */
import { causeFacts } from '../../shared/domain/cause.ts';
import type { KeyPrincipal } from '../../shared/domain/principal.ts';
import type { CallWatch } from './call-watch.ts';
import type { ProxyDependencies } from './dependencies.ts';

type GuardDependencies = Pick<ProxyDependencies, 'keyWatch' | 'clock' | 'timer' | 'log'>;

/** From the beginning of one read to the next. A call that takes less causes no read at all. */
const PERIOD_MS = 3_000;
/** The same after a read that failed, so that a store which falters for a moment ends nothing. */
const RETRY_MS = 1_000;
/** A read without an answer by then has failed. Below RETRY_MS and above what the store takes to give up: reads never overlap. */
const READ_MS_MAX = 900;
const FAILURES_MAX = 2;

/** One look at the store; an answer counts only while it is the one under way. */
interface Read {
  readonly atMs: number;
}

/**
 * Reads the key while a call runs and ends the call as `revoked`, or as `unwatched` after two failed reads in a
 * row. So a call outlives the revocation that a read can see by PERIOD_MS + RETRY_MS + READ_MS_MAX at most, 4.9 s.
 * Its state is the read under way, the timer and how many reads failed in a row; the end of the call ends it.
 */
export class KeyGuard {
  readonly #deps: GuardDependencies;
  readonly #watch: CallWatch;
  readonly #principal: Pick<KeyPrincipal, 'tenant' | 'key'>;
  #reading: Read | undefined;
  #failures = 0;
  #cancelTimer: () => void;

  constructor(
    deps: GuardDependencies,
    of: { readonly watch: CallWatch; readonly principal: Pick<KeyPrincipal, 'tenant' | 'key'> },
  ) {
    this.#deps = deps;
    this.#watch = of.watch;
    this.#principal = of.principal;
    this.#cancelTimer = deps.timer(PERIOD_MS, this.#look);
    of.watch.signal.addEventListener('abort', this.release, { once: true });
  }

  /** Looks no more: the model has finished, or the call has ended. */
  readonly release = (): void => {
    this.#reading = undefined;
    this.#cancelTimer();
  };

  readonly #look = (): void => {
    const { keyWatch, clock, timer } = this.#deps;
    const { tenant, key } = this.#principal;
    const read = { atMs: clock() };
    this.#reading = read;
    this.#cancelTimer = timer(READ_MS_MAX, () => this.#onFailure(read, TOO_SLOW));
    keyWatch.isLive(tenant, key).then(
      (live) => this.#onAnswer(read, live ? 'live' : 'revoked'),
      (error: unknown) => this.#onFailure(read, error),
    );
  };

  #onAnswer(read: Read, answer: 'live' | 'revoked'): void {
    if (!this.#conclude(read)) return;
    this.#failures = 0;
    if (answer === 'revoked') this.#watch.end('revoked');
    else this.#lookAgain(read.atMs + PERIOD_MS);
  }

  #onFailure(read: Read, error: unknown): void {
    if (!this.#conclude(read)) return;
    const { tenant } = this.#principal;
    this.#deps.log.write({ level: 'warn', event: 'key-unread', tenant, ...causeFacts(error) });
    this.#failures += 1;
    if (this.#failures === FAILURES_MAX) this.#watch.end('unwatched');
    else this.#lookAgain(read.atMs + RETRY_MS);
  }

  /** Whether this read was still under way; what comes after its time, or after the call, decides nothing. */
  #conclude(read: Read): boolean {
    if (this.#reading !== read) return false;
    this.#reading = undefined;
    this.#cancelTimer();
    return true;
  }

  #lookAgain(atMs: number): void {
    this.#cancelTimer = this.#deps.timer(Math.max(0, atMs - this.#deps.clock()), this.#look);
  }
}

/** Made once, for the log. */
const TOO_SLOW = Object.assign(new Error('The store did not answer in time.'), { name: 'ReadTooSlow' });
