/** All that an entity of the control plane may say of itself, with and without each optional field. */
import fc from 'fast-check';
import { type Grant, KEY_SCOPES, PERMISSION_LEVELS } from '../../shared/domain/grant.ts';
import { type KeyRef, parseKeyRef } from '../../shared/domain/ids.ts';
import type { RotationPolicy } from '../../shared/domain/key-delivery.ts';
import { LIMIT_NAMES, type LimitSet, type TenantLimits } from '../../shared/domain/limits.ts';
import { OUTBOX_TYPES, type OutboxMessage } from '../../shared/domain/outbox.ts';
import { ADMIN_SCOPES } from '../../shared/domain/principal.ts';
import type {
  AdminKey,
  ApiKey,
  ClaimLink,
  IdempotencyRecord,
  KeyClaim,
  ServiceAccount,
  SpendAlert,
  Tenant,
} from '../../shared/domain/tenancy.ts';

/** What an entity is named by, and its revision, are the test's. */
type FactsOf<Entity, Name extends keyof Entity> = Omit<Entity, Name>;

const text = fc.string({ unit: 'grapheme', maxLength: 24 });
const texts = fc.array(text, { maxLength: 4 });
const count = fc.maxSafeNat();
const oneOf = <const Choice>(choices: readonly Choice[]) => fc.constantFrom(...choices);
const someOf = <const Choice>(choices: readonly Choice[]) => fc.shuffledSubarray([...choices]);
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const hex = bytes(32).map((hash) => Buffer.from(hash).toString('hex'));
const keyRef: fc.Arbitrary<KeyRef> = fc.stringMatching(/^[0-9A-Za-z]{10}$/).map((ref) => {
  const parsed = parseKeyRef(ref);
  if (parsed === undefined) throw new TypeError(`No reference of a key: ${ref}`);
  return parsed;
});

const grant: fc.Arbitrary<Grant> = fc.record(
  {
    scopes: someOf(KEY_SCOPES),
    level: oneOf(PERMISSION_LEVELS),
    models: texts,
    ipRanges: texts,
  },
  { requiredKeys: ['scopes', 'level'], noNullPrototype: true },
);

const accountLimitsModel = {
  requestsPerMinute: count,
  requestsPerDay: count,
  tokensPerMinute: count,
  tokensPerDay: count,
  tokensPerMonth: count,
  nanoUsdPerDay: count,
  nanoUsdPerMonth: count,
  shadow: fc.subarray([...LIMIT_NAMES]),
};
const accountLimits: fc.Arbitrary<LimitSet> = fc.record(accountLimitsModel, {
  requiredKeys: [],
  noNullPrototype: true,
});
const tenantLimits: fc.Arbitrary<TenantLimits> = fc.record(
  {
    ...accountLimitsModel,
    version: count,
    inflightMax: count,
    outputTokensDefault: count,
    smoothing: fc.constant('10s' as const),
    tokenCounting: fc.constant('bedrock' as const),
    estimation: fc.constant('balanced' as const),
    models: fc.array(fc.record({ model: text, limits: accountLimits }, { noNullPrototype: true }), {
      maxLength: 3,
    }),
  },
  { requiredKeys: ['version', 'inflightMax', 'outputTokensDefault'], noNullPrototype: true },
);

export const tenantFacts: fc.Arbitrary<FactsOf<Tenant, 'ref' | 'createdAtMs' | 'revision'>> = fc.record(
  {
    name: text,
    status: oneOf(['active', 'archived']),
    limits: tenantLimits,
    modelPermissions: fc.record(
      { mode: oneOf(['allow_list', 'deny_list']), models: texts },
      { noNullPrototype: true },
    ),
    archivedAtMs: count,
    settingsVersion: count,
    showsCost: fc.constant(true as const),
  },
  { requiredKeys: ['name', 'status', 'limits'], noNullPrototype: true },
);

export const accountFacts: fc.Arbitrary<FactsOf<ServiceAccount, 'tenant' | 'ref' | 'revision'>> = fc.record(
  {
    name: text,
    role: oneOf(['member', 'none']),
    status: oneOf(['active', 'deleted']),
    grant,
    limits: accountLimits,
    createdAtMs: count,
    deletedAtMs: count,
  },
  { requiredKeys: ['name', 'role', 'status', 'grant', 'createdAtMs'], noNullPrototype: true },
);

const digest = fc.record(
  { hashAlg: fc.constant('sha256-v1' as const), salt: bytes(16), hash: bytes(32) },
  { noNullPrototype: true },
);

const link: fc.Arbitrary<ClaimLink> = fc.record(
  { hash: hex, toldBy: text },
  { requiredKeys: ['hash'], noNullPrototype: true },
);

const claim: fc.Arbitrary<KeyClaim> = fc.record(
  {
    links: fc.array(link, { maxLength: 4 }),
    expiresAtMs: count,
    count,
    claimedAtMs: count,
    claimedBy: oneOf(['link', 'predecessor']),
    overlapMs: count,
  },
  { requiredKeys: ['links', 'expiresAtMs', 'count'], noNullPrototype: true },
);

const jwk = fc.dictionary(oneOf(['kty', 'crv', 'x', 'y', 'n', 'e', 'kid']), text, { noNullPrototype: true });
const rotation: fc.Arbitrary<RotationPolicy> = fc.record(
  {
    automatic: fc.boolean(),
    overlapMs: count,
    delivery: fc.oneof(
      fc.constant({ method: 'claim' as const }),
      fc.constant({ method: 'secrets_manager' as const }),
      fc.record({ method: fc.constant('jwe' as const), jwk }, { noNullPrototype: true }),
    ),
  },
  { noNullPrototype: true },
);

const anyKeyFacts: fc.Arbitrary<FactsOf<ApiKey, 'tenant' | 'ref' | 'revision'>> = fc.record(
  {
    name: text,
    environment: oneOf(['live', 'test']),
    status: oneOf(['active', 'pending', 'revoked']),
    grant,
    createdAtMs: count,
    expiresAtMs: count,
    lifetimeMs: count,
    rotation,
    line: keyRef,
    generation: count,
    digest,
    revokedAtMs: count,
    successor: keyRef,
    predecessor: keyRef,
    claim,
    sealed: fc.record({ jwe: text, thumbprint: text }, { noNullPrototype: true }),
    secretVersionId: text,
  },
  {
    requiredKeys: [
      'name',
      'environment',
      'status',
      'grant',
      'createdAtMs',
      'expiresAtMs',
      'lifetimeMs',
      'rotation',
      'line',
      'generation',
    ],
    noNullPrototype: true,
  },
);

/** An active key has a digest. */
export const keyFacts = anyKeyFacts.filter(
  ({ status, digest: kept }) => status !== 'active' || kept !== undefined,
);

export const adminKeyFacts: fc.Arbitrary<FactsOf<AdminKey, 'ref' | 'revision'>> = fc.record(
  {
    name: text,
    environment: oneOf(['live', 'test']),
    status: oneOf(['active', 'revoked']),
    scopes: someOf(ADMIN_SCOPES),
    digest,
    createdAtMs: count,
    expiresAtMs: count,
    ancestors: fc.array(keyRef, { maxLength: 3 }),
    revokedAtMs: count,
  },
  {
    requiredKeys: [
      'name',
      'environment',
      'status',
      'scopes',
      'digest',
      'createdAtMs',
      'expiresAtMs',
      'ancestors',
    ],
    noNullPrototype: true,
  },
);

export const alertFacts: fc.Arbitrary<FactsOf<SpendAlert, 'tenant' | 'ref' | 'revision'>> = fc.record(
  { thresholdNanoUsd: count, recipients: texts, createdAtMs: count, subjectPrefix: text },
  { requiredKeys: ['thresholdNanoUsd', 'recipients', 'createdAtMs'], noNullPrototype: true },
);

const detailName = fc.stringMatching(/^[a-z]{1,6}(_[a-z]{1,6})?$/);
const detailValue = fc.oneof(text, texts, fc.maxSafeInteger().map(withoutNegativeZero));

export const messageFacts: fc.Arbitrary<FactsOf<OutboxMessage, 'tenant' | 'id' | 'revision'>> = fc.record(
  {
    type: oneOf(OUTBOX_TYPES),
    createdAtMs: count,
    state: oneOf(['pending', 'sent']),
    detail: fc.dictionary(detailName, detailValue, { maxKeys: 5, noNullPrototype: true }),
    forgetAtMs: count,
    key: keyRef,
  },
  { requiredKeys: ['type', 'createdAtMs', 'state', 'detail', 'forgetAtMs'], noNullPrototype: true },
);

export const recordFacts: fc.Arbitrary<FactsOf<IdempotencyRecord, 'tenant' | 'digest'>> = fc.record(
  { made: text, forgetAtMs: count },
  { noNullPrototype: true },
);

/** Numbers have no sign of zero in DynamoDB. */
function withoutNegativeZero(value: number): number {
  return value === 0 ? 0 : value;
}
