import type { Context } from 'aws-lambda';
import type { GatewayResponse, Identity, Middleware } from './gateway-context.ts';

/**
 * Tells a key's holder when it ends, on every answer once that is in sight, refusals included; it stands before
 * errorEnvelope for that.
 */
export function keyExpiry(): Middleware<Partial<Identity>> {
  const add = (request: {
    response: GatewayResponse | null | undefined;
    context: Context & Partial<Identity>;
  }) => {
    const { principal } = request.context;
    if (principal?.kind !== 'key' || principal.endsAtMs === undefined) return;
    if (request.response === null || request.response === undefined) return;
    request.response.headers['x-api-key-expires-at'] = isoSeconds(principal.endsAtMs);
  };
  return { after: add, onError: add };
}

/** `2026-12-04T12:00:00Z`; a fraction is dropped, so that the instant named is never after the end. */
const isoSeconds = (timeMs: number): string => `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
