/**
 * A request that one or more short calls of Bedrock answer together, each of them whole: vectors, checks. It is
 * admitted once and settled once, with the sum of what the calls used.
 */
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import { NO_USAGE, type TokenUsage } from '../../../shared/domain/usage.ts';
import type { GatewayAnswer, GatewayRequest } from '../../../shared/http/message.ts';
import type { Admitted } from '../admission.ts';
import { explain, watchCall } from '../call-watch.ts';
import type { ProxyDependencies } from '../dependencies.ts';
import { KeyGuard } from '../key-guard.ts';
import { type ChargedUsage, chargeOf, createSettlement, type Ending, rejectedEnding } from '../settlement.ts';
import { costHeader } from '../told-cost.ts';
import { wholeBody } from './answer-body.ts';

/** One of the calls. */
export interface Part<Result> {
  /** Rejects with the GatewayError to answer. */
  call(signal: AbortSignal): Promise<Counted<Result>>;
  /** What it can use at most; those of all parts are within what the request reserves. */
  readonly usageMax: TokenUsage;
}

export interface Counted<Result> {
  readonly result: Result;
  /** Bedrock's count; undefined where there was none. */
  readonly usage: TokenUsage | undefined;
}

export interface PartsOrder<Result> {
  readonly request: GatewayRequest;
  readonly admitted: Admitted;
  /** One or more. */
  readonly parts: readonly Part<Result>[];
  readonly ignoredParams: readonly string[];
  readonly tellsCost: boolean;
  /** The answer as JSON text. Throws GatewayError where the results are none; they are charged all the same. */
  write(results: readonly Result[], told: PartsTold): string;
}

/** What an answer says of the whole request. */
export interface PartsTold {
  readonly usage: TokenUsage;
  /** Defined where the answer is to say what it cost. */
  readonly nanoUsd: number | undefined;
}

/**
 * How often a call is made again that Bedrock throttled. Without that, a request of many calls would be charged for those
 * before, and again when its caller comes back. Who asks for one call is refused at once: coming back costs nothing then.
 */
const THROTTLED_RETRIES = 2;
/** Where Bedrock's refusal names no time. */
const RETRY_MS = 1_000;

/** A request of many parts must not take the account's quota a minute for itself at once. */
const CALLS_AT_ONCE = 8;

/**
 * Answers once every part has. Where one fails no other is begun, those under way are waited for, and the request fails
 * with the first error: what Bedrock counted until then is charged, and the most of a part whose count is not known.
 */
export async function answerParts<Result>(
  deps: ProxyDependencies,
  of: PartsOrder<Result>,
): Promise<GatewayAnswer> {
  const { request, admitted } = of;
  const watch = watchCall(deps, request);
  const keyGuard = new KeyGuard(deps, { watch, principal: admitted.admission });
  const { receivedAtMs } = request;
  const settlement = createSettlement(deps, { admitted, receivedAtMs, stream: false });
  const run = await runParts(deps, { parts: of.parts, signal: watch.signal });
  keyGuard.release();
  const charged = chargedFor(run.uses);
  // However the answer ends, it is these parts that are charged.
  const counted = { ...settlement, settle: (ending: Ending) => settlement.settle({ ...ending, ...charged }) };
  try {
    if (run.failure !== undefined) throw run.failure.error;
    settlement.accepted();
    const { nanoUsd } = chargeOf(admitted, charged.usage);
    const told = of.tellsCost ? nanoUsd : undefined;
    const text = of.write(run.results, { usage: charged.usage, nanoUsd: told });
    return {
      status: 200,
      headers: headersOf(of, told),
      body: wholeBody({ watch, keyGuard, settlement: counted, text, usage: charged.usage }),
    };
  } catch (error) {
    const explained = explain(watch, error);
    const ending = watch.endedBy() === 'hung-up' ? ABANDONED : failedBy(explained);
    watch.end('over');
    await counted.settle({ ...ending, usage: charged.usage });
    throw explained;
  }
}

const ABANDONED = { outcome: 'abandoned' } as const;

const failedBy = (error: unknown): Omit<Ending, 'usage'> => ({
  outcome: 'failed',
  ...(error instanceof GatewayError && { error: error.code }),
});

function headersOf<Result>(
  { admitted, ignoredParams }: PartsOrder<Result>,
  nanoUsd: number | undefined,
): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/json',
    ...admitted.headers,
    ...(ignoredParams.length > 0 && { 'x-ignored-params': ignoredParams.join(', ') }),
    ...(nanoUsd !== undefined && costHeader(nanoUsd)),
  };
}

interface PartsRun<Result> {
  /** In the order of the parts; complete where nothing failed. */
  readonly results: readonly Result[];
  readonly uses: readonly ChargedUsage[];
  readonly failure: { readonly error: unknown } | undefined;
}

/** Never rejects. */
async function runParts<Result>(
  deps: Pick<ProxyDependencies, 'timer'>,
  { parts, signal }: { readonly parts: readonly Part<Result>[]; readonly signal: AbortSignal },
): Promise<PartsRun<Result>> {
  const retries = parts.length === 1 ? 0 : THROTTLED_RETRIES;
  const results: Result[] = [];
  const uses: ChargedUsage[] = [];
  let failure: PartsRun<Result>['failure'];
  const isOver = (): boolean => signal.aborted || failure !== undefined;
  const waiting = parts.entries();
  const work = async (): Promise<void> => {
    // The iterator is shared: each part is taken once, by whoever is free.
    for (const [index, part] of waiting) {
      if (signal.aborted) failure ??= { error: signal.reason };
      if (failure !== undefined) return;
      try {
        const { result, usage } = await patiently(deps, { part, signal, retries, isOver });
        results[index] = result;
        uses.push(usage === undefined ? { usage: part.usageMax, estimated: true } : { usage });
      } catch (error) {
        failure ??= { error };
        uses.push(useOfFailed(part, error));
      }
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, work));
  return { results, uses, failure };
}

/** Waits as long as Bedrock asks for, and no longer than the request lasts; nothing is begun once it is over. */
async function patiently<Result>(
  deps: Pick<ProxyDependencies, 'timer'>,
  of: {
    readonly part: Part<Result>;
    readonly signal: AbortSignal;
    readonly retries: number;
    readonly isOver: () => boolean;
  },
): Promise<Counted<Result>> {
  for (let left = of.retries; ; left -= 1) {
    try {
      return await of.part.call(of.signal);
    } catch (error) {
      const isThrottled = error instanceof GatewayError && error.code === 'upstream_throttled';
      if (!isThrottled || left === 0 || of.isOver()) throw error;
      await pause(deps, { delayMs: error.retryAfterMs ?? RETRY_MS, signal: of.signal });
      if (of.isOver()) throw error;
    }
  }
}

/** Ends with the delay or the signal, whichever is first. */
const pause = (
  { timer }: Pick<ProxyDependencies, 'timer'>,
  { delayMs, signal }: { readonly delayMs: number; readonly signal: AbortSignal },
): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      cancelTimer();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancelTimer = timer(delayMs, end);
    signal.addEventListener('abort', end, { once: true });
  });

/** A refusal costs nothing; where it is not known whether Bedrock worked, the most is charged. */
function useOfFailed<Result>({ usageMax }: Part<Result>, error: unknown): ChargedUsage {
  const { usage } = rejectedEnding(error);
  return usage === undefined ? { usage: usageMax, estimated: true } : { usage };
}

/** The sum. Parts use nothing but input, since neither vectors nor scores are billed as output. */
function chargedFor(uses: readonly ChargedUsage[]): ChargedUsage {
  const input = uses.reduce((sum, { usage }) => sum + usage.input, 0);
  const isEstimated = uses.some(({ estimated }) => estimated);
  return { usage: { ...NO_USAGE, input }, ...(isEstimated && { estimated: true as const }) };
}
