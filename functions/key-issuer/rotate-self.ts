/** Rotation by the workload itself, which presents the key that is to be renewed. */
import * as z from 'zod/mini';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { keyId } from '../../shared/domain/ids.ts';
import type { KeyDelivery } from '../../shared/domain/key-delivery.ts';
import { isUsable } from '../../shared/domain/key-lifecycle.ts';
import type { KeyPrincipal } from '../../shared/domain/principal.ts';
import type { ApiKey } from '../../shared/domain/tenancy.ts';
import { parseBody } from '../../shared/http/body-schema.ts';
import { type GatewayRequest, jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import { claimKey } from '../../shared/keys/claim-key.ts';
import type { Shown } from '../../shared/keys/make-key.ts';
import { addClaimLink } from '../../shared/keys/messages.ts';
import { rotateKey } from '../../shared/keys/rotate-key.ts';
import { seal, thumbprintOf } from '../../shared/keys/seal.ts';
import { auditsOf } from './audit.ts';
import { deliveryField, deliveryOf } from './field-schemas.ts';
import { deliverNow, linkBase } from './issue-key.ts';
import type { KeyIssuerPorts } from './ports.ts';
import { rotatedObject } from './rotate.ts';

/** The body of a renewal. */
export const rotateSelfBody = z.strictObject({ delivery: deliveryField });

interface Renewal {
  readonly request: GatewayRequest;
  readonly principal: KeyPrincipal;
  /** As it was asked for; undefined where nothing was. */
  readonly asked: KeyDelivery | undefined;
}

/**
 * `POST /v1/api_keys/self/rotate`: a workload renews the key that it presents. The answer may be lost, so a repeat
 * gives the same successor: with a new secret until its first use or for ten minutes, sealed text as long as the
 * predecessor works. A successor that somebody else was shown is named, with 409, and not shown again.
 */
export const rotateSelf =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const { principal } = request;
    if (principal.kind !== 'key') {
      throw new GatewayError('insufficient_scope', 'Only an API key of a project can renew itself.');
    }
    const body = parseBody(rotateSelfBody, request.body ?? {});
    const asked = await deliveryOf(body.delivery);
    const baseUrl = await linkBase(ports, asked);
    const renewed = await renew(ports, { request, principal, asked });
    const predecessor = await readOwn(ports, principal);
    return jsonAnswer(200, rotatedObject({ ...renewed, predecessor, baseUrl }));
  };

interface Renewed {
  readonly successor: ApiKey;
  readonly shown: Shown;
}

async function renew(ports: KeyIssuerPorts, of: Renewal): Promise<Renewed> {
  const own = await readOwn(ports, of.principal);
  const successor = await successorOf(ports, own);
  if (successor !== undefined) return give(ports, { ...of, successor });
  await refuseWhileRenewed(ports, { own, nowMs: of.request.receivedAtMs });
  try {
    return await begin(ports, of);
  } catch (error) {
    // Another call of the same workload, or the sweep, was faster: what it made is given as to a repeat.
    const made = await successorOf(ports, await readOwn(ports, of.principal));
    if (made === undefined || !(error instanceof GatewayError) || error.code !== 'conflict') throw error;
    return give(ports, { ...of, successor: made });
  }
}

/** Where nothing else is asked for, the successor waits to be claimed and is claimed at once: so it can be repeated. */
async function begin(ports: KeyIssuerPorts, of: Renewal): Promise<Renewed> {
  const { request, principal, asked } = of;
  const isShown = asked === undefined || asked.method === 'response';
  const rotated = await rotateKey(ports, {
    tenant: principal.tenant,
    key: principal.key,
    nowMs: request.receivedAtMs,
    delivery: isShown ? { method: 'claim' } : asked,
    link: 'now',
    auditOf: auditsOf(request),
  });
  const given = isShown ? await claim(ports, { ...of, successor: rotated.successor }) : rotated;
  await deliverNow(ports, { request, message: rotated.message });
  return given;
}

/** Gives a successor that is there, in the way that is asked for, where it can still be given so. */
async function give(ports: KeyIssuerPorts, of: Renewal & { readonly successor: ApiKey }): Promise<Renewed> {
  const { asked, successor, request } = of;
  const method = asked?.method ?? (successor.sealed === undefined ? 'response' : 'jwe');
  if (successor.sealed !== undefined && method === 'jwe') {
    const isSame = asked?.method !== 'jwe' || (await thumbprintOf(asked.jwk)) === successor.sealed.thumbprint;
    if (isSame) return { successor, shown: { method: 'jwe', jwe: successor.sealed.jwe } };
  }
  const isClaimable = successor.claim !== undefined && successor.claim.claimedBy !== 'link';
  if (isClaimable && (method === 'response' || method === 'jwe')) return claim(ports, of);
  if (successor.status === 'pending' && method === 'claim') {
    const link = await addClaimLink(ports, {
      key: successor,
      nowMs: request.receivedAtMs,
      auditOf: auditsOf(request),
    });
    if (link !== undefined) return { successor, shown: { method: 'claim', ...link } };
  }
  throw renewed(successor);
}

const renewed = (successor: ApiKey): GatewayError =>
  new GatewayError(
    'conflict',
    `This key has been renewed already. Its successor ${keyId(successor.tenant, successor.ref)} is in use, or cannot be given in the way that was asked for; ask your administrator where it is lost.`,
  );

/** Whoever holds the predecessor needs no link. Sealed, the text is made anew with each repeat, as the secret is. */
async function claim(ports: KeyIssuerPorts, of: Renewal & { readonly successor: ApiKey }): Promise<Renewed> {
  const { request, successor, asked } = of;
  const order = {
    tenant: successor.tenant,
    key: successor.ref,
    token: undefined,
    nowMs: request.receivedAtMs,
  };
  const { key, value } = await claimKey(ports, { ...order, auditOf: auditsOf(request) }).catch((error) => {
    throw error instanceof GatewayError && error.code === 'gone' ? renewed(successor) : error;
  });
  if (asked?.method !== 'jwe') return { successor: key, shown: { method: 'response', value } };
  const { jwe } = await seal(asked.jwk, value);
  return { successor: key, shown: { method: 'jwe', jwe } };
}

async function readOwn(ports: KeyIssuerPorts, { tenant, key }: KeyPrincipal): Promise<ApiKey> {
  const own = await ports.tenancy.readKey(tenant, key);
  if (own !== undefined) return own;
  throw new GatewayError('not_found', `No such API key: '${keyId(tenant, key)}'.`);
}

const successorOf = async (ports: KeyIssuerPorts, own: ApiKey): Promise<ApiKey | undefined> =>
  own.successor === undefined ? undefined : ports.tenancy.readKey(own.tenant, own.successor);

/** A workload has two keys at most: whoever stole one of them makes no third. */
async function refuseWhileRenewed(
  ports: KeyIssuerPorts,
  of: { readonly own: ApiKey; readonly nowMs: number },
): Promise<void> {
  const { own, nowMs } = of;
  const before =
    own.predecessor === undefined ? undefined : await ports.tenancy.readKey(own.tenant, own.predecessor);
  if (before === undefined || !isUsable(before, nowMs)) return;
  throw new GatewayError(
    'conflict',
    `This key was renewed from ${keyId(before.tenant, before.ref)}, which still works. Renew it once that has ended.`,
  );
}
