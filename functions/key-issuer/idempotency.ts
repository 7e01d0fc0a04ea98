/**
 * `Idempotency-Key` on calls that make something: a repeat is told what the first call made, and never shown its
 * secret again. (The header as Stripe and the IETF draft draft-ietf-httpapi-idempotency-key-header describe it.)
 */
import { createHash } from 'node:crypto';
import type { Write } from '../../shared/domain/change.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { ORGANIZATION_REF, parseServiceAccountId, type TenantRef } from '../../shared/domain/ids.ts';
import { DAY_MS } from '../../shared/domain/tenancy.ts';
import type { GatewayRequest } from '../../shared/http/message.ts';
import type { KeyIssuerPorts } from './ports.ts';

/** How long a key is remembered. */
const REMEMBERED_MS = DAY_MS;
const HEADER = /^[\x21-\x7e]{1,255}$/;

/** The writes that remember what was made; none where the call carries no header. */
export type Remember = (made: string) => readonly Write[];

/**
 * What makes a call happen once: asked inside the decision, so that of two that race the slower finds the faster's
 * memory. Rejects with `conflict`, naming what was made, where a call of this route with this header made something
 * within a day.
 */
export async function rememberOf(
  ports: Pick<KeyIssuerPorts, 'tenancy'>,
  of: {
    readonly request: GatewayRequest;
    readonly tenant?: TenantRef;
    /** `none` where nothing of the answer is shown this once. */
    readonly secret?: 'none';
  },
): Promise<Remember> {
  const { request, tenant = ORGANIZATION_REF } = of;
  const header = request.headers['idempotency-key'];
  if (header === undefined) return () => [];
  if (!HEADER.test(header)) {
    throw new GatewayError(
      'invalid_value',
      "'Idempotency-Key' must be 1 to 255 printable ASCII characters.",
      {
        param: 'Idempotency-Key',
      },
    );
  }
  const digest = digestOf(request, header);
  const earlier = await ports.tenancy.readIdempotency(tenant, digest);
  if (earlier !== undefined && earlier.forgetAtMs > request.receivedAtMs)
    throw repeated(earlier.made, of.secret);
  return (made) => {
    const value = { tenant, digest, made, forgetAtMs: request.receivedAtMs + REMEMBERED_MS };
    return [{ op: 'insert', entity: { type: 'idempotency', value }, nowMs: request.receivedAtMs }];
  };
}

/** What a call made whose header was used before. */
function repeated(made: string, secret: 'none' | undefined): GatewayError {
  const verb = parseServiceAccountId(made) === undefined ? 'revoke' : 'delete';
  const remedy =
    secret === 'none'
      ? 'Go on with that, or call with another header to make another.'
      : `A secret is shown once and not again: where that answer was lost, ${verb} ${made} and call with another header.`;
  return new GatewayError('conflict', `A call with this Idempotency-Key has made ${made} already. ${remedy}`);
}

/** Of this caller, this route and these ids: a header of one call says nothing about another's. */
function digestOf(request: GatewayRequest, header: string): string {
  const ids = Object.entries(request.path).sort().flat();
  return createHash('sha256')
    .update(JSON.stringify([request.principal.key, request.route, ids, header]))
    .digest('hex');
}
