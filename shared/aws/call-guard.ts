import { TransportError } from './transport-error.ts';

/** The deadline and the signal of one call, and what they destroy when they strike. */
export interface CallGuard {
  /** Names what is to be destroyed from now on; at once, where the guard has struck already. */
  protect(stream: { destroy(error: Error): unknown }): void;
  /** Set when the guard struck: why the call failed, whatever the socket said. */
  readonly struck: () => TransportError | undefined;
  readonly stopClock: () => void;
  readonly release: () => void;
}

/** Begins to watch at once; whoever makes it releases it. */
export function createCallGuard({
  signal,
  timeoutMs,
}: {
  readonly signal?: AbortSignal;
  readonly timeoutMs: number;
}): CallGuard {
  let failure: TransportError | undefined;
  let protectedStream: { destroy(error: Error): unknown } | undefined;
  const strike = (error: TransportError): void => {
    failure ??= error;
    protectedStream?.destroy(failure);
  };
  const onAbort = (): void => strike(new TransportError('aborted', signal?.reason));
  const timer = setTimeout(() => strike(new TransportError('timeout')), timeoutMs);
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  return {
    protect(stream) {
      protectedStream = stream;
      if (failure !== undefined) stream.destroy(failure);
    },
    struck: () => failure,
    stopClock: () => clearTimeout(timer),
    release() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    },
  };
}
