/** Who may end a model call from outside, and how everybody learns of it. */
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { GatewayRequest } from '../../shared/http/message.ts';
import type { ProxyDependencies } from './dependencies.ts';

/**
 * `deadline`: the function is about to be stopped. `revoked`: the key was. `unwatched`: whether it was is not to be
 * learnt. `hung-up`: the host says the caller is gone. `over`: it ended.
 */
export type CallEnd = 'deadline' | 'revoked' | 'unwatched' | 'hung-up' | 'over';

export interface CallWatch {
  /** Aborted by whichever end comes first. */
  readonly signal: AbortSignal;
  readonly endedBy: () => CallEnd | undefined;
  /** Ends the call; an earlier end stands. */
  end(by: Exclude<CallEnd, 'deadline'>): void;
}

/** Time kept at the end of a function's life to say what happened and to settle. */
const DEADLINE_MARGIN_MS = 10_000;
/** Longer delays overflow setTimeout and fire at once. */
const DELAY_MAX_MS = 2 ** 31 - 1;

/** Made once: the reason that `abort` makes by itself is an error with a stack, for every request that ends well. */
const ENDED = new Error('The call has ended.');

/** Watches the call of one request until it ends. */
export function watchCall(
  deps: Pick<ProxyDependencies, 'clock' | 'timer'>,
  { deadlineMs, hangUp }: Pick<GatewayRequest, 'deadlineMs' | 'hangUp'>,
): CallWatch {
  const controller = new AbortController();
  let endedBy: CallEnd | undefined;
  const end = (by: CallEnd): void => {
    if (endedBy !== undefined) return;
    endedBy = by;
    cancelTimer();
    hangUp?.removeEventListener('abort', onHangUp);
    controller.abort(ENDED);
  };
  const onHangUp = () => end('hung-up');
  const delayMs = Math.min(DELAY_MAX_MS, Math.max(0, deadlineMs - DEADLINE_MARGIN_MS - deps.clock()));
  const cancelTimer = deps.timer(delayMs, () => end('deadline'));
  if (hangUp?.aborted === true) onHangUp();
  else hangUp?.addEventListener('abort', onHangUp, { once: true });
  return { signal: controller.signal, endedBy: () => endedBy, end };
}

/** What ended the call before the model did, as the error to answer; undefined where nothing of ours did. */
export function cutOf(watch: CallWatch, cause?: unknown): GatewayError | undefined {
  switch (watch.endedBy()) {
    case 'deadline':
      return new GatewayError(
        'model_timeout',
        'The answer was not finished within the time a request may take.',
        { cause },
      );
    case 'revoked':
      return new GatewayError('key_revoked', 'The API key was revoked while the answer was written.', {
        cause,
      });
    case 'unwatched':
      return new GatewayError(
        'service_unavailable',
        'Whether the API key still holds could not be checked while the answer was written. Retry shortly.',
        { cause },
      );
    default:
      return undefined;
  }
}

/** The error to answer: where the call was cut, what broke because of it is beside the point. */
export const explain = (watch: CallWatch, error: unknown): unknown => cutOf(watch, error) ?? error;
