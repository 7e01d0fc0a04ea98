import * as z from 'zod/mini';
import { parseKey } from '../../shared/domain/api-key.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { keyId, ORGANIZATION_REF } from '../../shared/domain/ids.ts';
import { parseBody } from '../../shared/http/body-schema.ts';
import { jsonAnswer, type OpenUseCase } from '../../shared/http/message.ts';
import { auditsBy } from '../../shared/keys/audit-of.ts';
import { claimKey } from '../../shared/keys/claim-key.ts';
import type { KeyIssuerPorts } from './ports.ts';
import { newApiKeyObject } from './wire.ts';

export const claimBody = z.strictObject({ token: z.string().check(z.maxLength(256, 'it is too long.')) });

/**
 * `POST /v1/api_keys/claim` with the token behind the link's `#`. It is a POST, since mail scanners follow links, and
 * the token is in the body, since addresses are logged. Anything but a right token gets the same 404.
 */
export const claimApiKey =
  (ports: KeyIssuerPorts): OpenUseCase =>
  async (request) => {
    const token = parseKey(parseBody(claimBody, request.body).token);
    if (token?.kind !== 'bpc' || token.tenant === ORGANIZATION_REF)
      throw new GatewayError('not_found', 'No such claim link.');
    const id = keyId(token.tenant, token.key);
    const { key, value } = await claimKey(ports, {
      tenant: token.tenant,
      key: token.key,
      token,
      nowMs: request.receivedAtMs,
      auditOf: auditsBy({
        actor: { kind: 'claim-link', id },
        request: request.requestId,
        atMs: request.receivedAtMs,
      }),
    });
    return jsonAnswer(200, newApiKeyObject(key, { shown: { method: 'response', value }, baseUrl: '' }));
  };
