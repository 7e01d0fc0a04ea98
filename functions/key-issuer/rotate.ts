/** Rotation on demand by an administrator. */
import * as z from 'zod/mini';
import { keyId } from '../../shared/domain/ids.ts';
import type { ApiKey } from '../../shared/domain/tenancy.ts';
import { parseBody } from '../../shared/http/body-schema.ts';
import { jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import type { Shown } from '../../shared/keys/make-key.ts';
import { rotateKey } from '../../shared/keys/rotate-key.ts';
import { auditsOf } from './audit.ts';
import { deliveryField, deliveryOf, integerField, OVERLAP_SECONDS_MAX } from './field-schemas.ts';
import { rememberOf } from './idempotency.ts';
import { deliverNow, linkBase } from './issue-key.ts';
import { keyOf } from './path-ids.ts';
import type { KeyIssuerPorts } from './ports.ts';
import { newApiKeyObject, seconds } from './wire.ts';

/** The body of a rotation. */
export const rotateBody = z.strictObject({
  delivery: deliveryField,
  overlap_seconds: z.nullish(integerField(0, OVERLAP_SECONDS_MAX)),
});

/**
 * `POST …/api_keys/{api_key_id}/rotate`: a successor now, shown unless `delivery` says otherwise. The predecessor works
 * on for `overlap_seconds` (its policy's overlap where it says nothing), never beyond its own end. Call it with
 * `maxRetries: 0`; an `Idempotency-Key` that was used before answers 409 with the successor's id.
 */
export const rotateApiKey =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const of = keyOf(request);
    const body = parseBody(rotateBody, request.body ?? {});
    const delivery = (await deliveryOf(body.delivery)) ?? { method: 'response' };
    const baseUrl = await linkBase(ports, delivery);
    const overlap = body.overlap_seconds;
    const rotated = await rotateKey(ports, {
      ...of,
      nowMs: request.receivedAtMs,
      delivery,
      ...(typeof overlap === 'number' && { overlapMs: overlap * 1000 }),
      link: 'now',
      also: () => rememberOf(ports, { request, tenant: of.tenant }),
      auditOf: auditsOf(request),
    });
    await deliverNow(ports, { request, message: rotated.message });
    return jsonAnswer(200, rotatedObject({ ...rotated, baseUrl }));
  };

/** The new key, and what becomes of the old one: our addition. */
export const rotatedObject = (of: {
  readonly predecessor: ApiKey;
  readonly successor: ApiKey;
  readonly shown: Shown;
  readonly baseUrl: string;
}) => ({
  ...newApiKeyObject(of.successor, of),
  predecessor: {
    id: keyId(of.predecessor.tenant, of.predecessor.ref),
    expires_at: seconds(of.predecessor.expiresAtMs),
  },
});
