/** Why a request to AWS got no usable answer. */

/** `connect`: nothing was sent. `reset`, `timeout`: the service may have acted. */
export type TransportFailure = 'connect' | 'reset' | 'timeout' | 'aborted' | 'answer-too-large';

/** No usable answer came. `cause` holds what the socket or the signal said. */
export class TransportError extends Error {
  readonly reason: TransportFailure;

  constructor(reason: TransportFailure, cause?: unknown) {
    super(`AWS request failed: ${reason}`, cause === undefined ? undefined : { cause });
    this.name = 'TransportError';
    this.reason = reason;
  }
}
