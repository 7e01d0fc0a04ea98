/** After a model was called: charge what it used, once, however the request ended. */
import { causeFacts } from '../../shared/domain/cause.ts';
import { type ErrorCode, GatewayError } from '../../shared/domain/gateway-error.ts';
import { costOf } from '../../shared/domain/price.ts';
import { NO_USAGE, type Outcome, type TokenUsage, type UsageRecord } from '../../shared/domain/usage.ts';
import { type Admitted, recordOf } from './admission.ts';
import type { ProxyDependencies } from './dependencies.ts';
import { usageEvent } from './usage-log.ts';

export interface Ending {
  readonly outcome: Exclude<Outcome, 'orphaned'>;
  /** Bedrock's own count; undefined where it never came and the whole reservation is charged. */
  readonly usage: TokenUsage | undefined;
  /** Whether some of `usage` is a bound: of several calls not every count came. */
  readonly estimated?: true;
  readonly error?: ErrorCode;
  /** What broke an answer that had begun; nothing else logs it. */
  readonly cause?: unknown;
}

/** What is charged by: a count, or a sum of counts and bounds. */
export type ChargedUsage = Pick<Ending, 'estimated'> & { readonly usage: TokenUsage };

export interface Settlement {
  /** Notes when Bedrock accepted, for the log. */
  accepted(): void;
  /** Charges. The first call counts, later ones do nothing; it never rejects. */
  settle(ending: Ending): Promise<void>;
}

/** The settlement of one admitted request. Its state is whether it has begun. */
export function createSettlement(
  deps: Pick<ProxyDependencies, 'limits' | 'clock' | 'log' | 'stage'>,
  of: { readonly admitted: Admitted; readonly receivedAtMs: number; readonly stream: boolean },
): Settlement {
  const { admitted } = of;
  let settled: Promise<void> | undefined;
  let acceptedMs: number | undefined;
  const run = async (ending: Ending): Promise<void> => {
    const record = chargedRecord(admitted, { ending, settledAtMs: deps.clock() });
    await charge(deps, { admitted, record });
    if (ending.cause !== undefined) {
      const facts = { code: ending.error, ...causeFacts(ending.cause) };
      deps.log.write({ level: 'error', event: 'answer-failed', ...factsOf(admitted), ...facts });
    }
    const durationMs = deps.clock() - of.receivedAtMs;
    const { isBeyondShadow } = admitted;
    const facts = { stage: deps.stage, stream: of.stream, durationMs, isBeyondShadow };
    deps.log.write(usageEvent(record, { ...facts, ...definedFacts(ending, acceptedMs) }));
  };
  return {
    accepted: () => {
      acceptedMs = deps.clock() - of.receivedAtMs;
    },
    settle: (ending) => {
      settled ??= run(ending);
      return settled;
    },
  };
}

/**
 * How a call ended that Bedrock did not accept. A refusal costs nothing. Where the connection broke or time ran
 * out after the request was sent, the model may have worked and been billed, so the reservation is charged.
 */
export function rejectedEnding(error: unknown): Ending {
  if (!(error instanceof GatewayError)) return { outcome: 'failed', usage: undefined };
  const mayHaveWorked = MAY_HAVE_WORKED.has(error.code);
  return { outcome: 'failed', usage: mayHaveWorked ? undefined : NO_USAGE, error: error.code };
}

const MAY_HAVE_WORKED: ReadonlySet<ErrorCode> = new Set(['model_timeout', 'upstream_connection_error']);

/**
 * What an admitted request is charged. Without Bedrock's count that is the reservation in full. The bytes that were
 * seen bound nothing: a model goes on for an unknown while after its reader has left, and what it thought is not
 * among them. So the ledger is never below Bedrock's bill, and the record says `estimated`.
 */
export function chargeOf(
  { price, estimate }: Pick<Admitted, 'price' | 'estimate'>,
  usage: TokenUsage | undefined,
): Pick<UsageRecord, 'usage' | 'nanoUsd' | 'estimated'> {
  if (usage !== undefined) return { usage, nanoUsd: costOf(price, usage), estimated: false };
  const { nanoUsd, debtNanoUsd = 0 } = estimate.reserved;
  return { usage: estimate.usage, nanoUsd: nanoUsd + debtNanoUsd, estimated: true };
}

const chargedRecord = (
  admitted: Admitted,
  { ending, settledAtMs }: { readonly ending: Ending; readonly settledAtMs: number },
): UsageRecord => {
  const { outcome, usage, estimated } = ending;
  const charged = { ...chargeOf(admitted, usage), ...(estimated !== undefined && { estimated }) };
  return recordOf(admitted.admission, { outcome, settledAtMs, ...charged });
};

/** A charge that cannot be written is left to the orphan rule, which charges the reservation in full. */
async function charge(
  deps: Pick<ProxyDependencies, 'limits' | 'log'>,
  of: { readonly admitted: Admitted; readonly record: UsageRecord },
): Promise<void> {
  try {
    await deps.limits.settle({ admission: of.admitted.admission, record: of.record });
  } catch (error) {
    const facts = { ...factsOf(of.admitted), ...causeFacts(error) };
    deps.log.write({ level: 'error', event: 'settlement-failed', ...facts });
  }
}

const factsOf = ({ admission: { tenant, request, model } }: Admitted) => ({ tenant, request, model });

const definedFacts = (ending: Ending, acceptedMs: number | undefined) => ({
  ...(acceptedMs !== undefined && { acceptedMs }),
  ...(ending.error !== undefined && { error: ending.error }),
});
