/** Fields that service accounts and keys share, in requests and in answers. Most are our additions to OpenAI's. */

import { KEY_SCOPES, PERMISSION_LEVELS } from '../../shared/domain/grant.ts';
import { WIRE_LIMIT_NAMES } from '../../shared/http/limit-names.ts';
import { type Descriptions, under } from './request-body.ts';
import {
  always,
  boolean,
  integer,
  listOf,
  number,
  object,
  oneOf,
  orNull,
  type Schemas,
  text,
  time,
  variants,
} from './schema.ts';

const SCOPES =
  'What may be done: endpoint families and methods. What is granted is what the account and the key both grant. `keys:rotate` lets a workload renew its own key.';
const LEVEL =
  'Our addition: the permission level. `read` leaves only the scopes that end in `:read`; `destructive` and `exec` are for tools.';
const MODELS =
  'Our addition: the models that may be called: ids, or beginnings of ids followed by `*`. Null: every model of the project.';
const ALLOWED_IPS =
  'Our addition: addresses or CIDR ranges, IPv4 and IPv6, from which it may be used. Null: from everywhere.';

/** Of a grant in a body. */
export const grantDescriptions: Descriptions = {
  scopes: `${SCOPES} Null or absent: the default, or the account’s. An empty list is refused.`,
  level: `${LEVEL} Absent: \`write\`, or the account’s.`,
  models: MODELS,
  allowed_ips: ALLOWED_IPS,
};

export const grantFields: Schemas = {
  scopes: listOf(oneOf(KEY_SCOPES, 'A scope.'), SCOPES),
  level: oneOf(PERMISSION_LEVELS, LEVEL),
  models: orNull(listOf(text('A model id, or a beginning and `*`.'), MODELS)),
  allowed_ips: orNull(listOf(text('An address or a CIDR range.'), ALLOWED_IPS)),
};

const LIMITS = {
  requests_per_minute: 'Requests a UTC minute; null: no limit.',
  requests_per_day: 'Requests a UTC day; null: no limit.',
  tokens_per_minute: 'Tokens, input and output together, a UTC minute; null: no limit.',
  tokens_per_day: 'Tokens, input and output together, a UTC day; null: no limit.',
  tokens_per_month: 'Tokens, input and output together, a UTC month; null: no limit.',
  usd_per_day: 'USD a UTC day; null: no limit.',
  usd_per_month: 'USD a UTC month; null: no limit.',
  shadow:
    'Those of these limits that refuse nothing: a request beyond one of them is logged and counted as a metric. A name without such a limit is refused.',
};
const PROJECT_LIMITS = {
  inflight_requests: 'Requests at once, 400 at most.',
  default_max_completion_tokens: 'Output tokens that are reserved and asked for where a request names none.',
  smoothing:
    '`10s`: no ten seconds hold more than a sixth of a limit a minute, the accounts’ and models’ too. Null: a minute’s worth may come at once.',
  token_counting:
    '`bedrock`: limits on tokens a minute count as Bedrock’s quotas do: output by the model’s factor, reads of the prompt cache not at all. Null, which a body may also call `total`: every token once.',
  estimation:
    '`strict`: what is reserved for a request is the most that it can use, so that no limit is passed. `balanced`: what it will probably use, so that limits may be passed by what is under way.',
};
const MODEL_LIMITS =
  'Limits of single models, by id. A model behind an inference profile has one set of limits, however it is called: its id is kept without the profile’s prefix.';

export const accountLimitDescriptions: Descriptions = {
  limits:
    'Our addition: limits of this account alone, beside those of its project; the tighter one refuses. Null removes all.',
  ...under('limits', LIMITS),
};
export const projectLimitDescriptions: Descriptions = {
  limits: 'Our addition: the limits of the project. They act on its next request. Null removes all.',
  ...under('limits', {
    ...PROJECT_LIMITS,
    ...LIMITS,
    models: `${MODEL_LIMITS} Null removes those of a model, or of all.`,
    ...under('models', LIMITS),
  }),
};

const limitFields: Schemas = {
  requests_per_minute: orNull(integer(LIMITS.requests_per_minute)),
  requests_per_day: orNull(integer(LIMITS.requests_per_day)),
  tokens_per_minute: orNull(integer(LIMITS.tokens_per_minute)),
  tokens_per_day: orNull(integer(LIMITS.tokens_per_day)),
  tokens_per_month: orNull(integer(LIMITS.tokens_per_month)),
  usd_per_day: orNull(number(LIMITS.usd_per_day)),
  usd_per_month: orNull(number(LIMITS.usd_per_month)),
  shadow: listOf(oneOf(WIRE_LIMIT_NAMES, 'A limit.'), LIMITS.shadow),
};

export const accountLimits = object(
  'Our addition: limits of this account alone, beside those of its project.',
  limitFields,
);
export const projectLimits = object('Our addition: the limits of the project.', {
  inflight_requests: integer(PROJECT_LIMITS.inflight_requests),
  ...limitFields,
  default_max_completion_tokens: integer(PROJECT_LIMITS.default_max_completion_tokens),
  smoothing: orNull(oneOf(['10s'], PROJECT_LIMITS.smoothing)),
  token_counting: orNull(oneOf(['bedrock'], PROJECT_LIMITS.token_counting)),
  estimation: oneOf(['strict', 'balanced'], PROJECT_LIMITS.estimation),
  models: {
    type: 'object',
    description: MODEL_LIMITS,
    additionalProperties: object('Limits of this model.', limitFields),
  },
});

const JWK =
  'The public key to which the key is sealed (RFC 7517): RSA of at least 2048 bits (RSA-OAEP-256), or P-256, P-384, P-521 or X25519 (ECDH-ES). A private key is refused.';

const OVERLAP =
  'How long the key works beside its successor, and how long before its end the sweep makes one: 1 to 30 days, at most half of its life; 14 days where absent.';

export const deliveryDescriptions: Descriptions = {
  delivery: 'Our addition: how the key reaches its workload.',
  'delivery.method':
    '`response`: in the answer, this once. `jwe`: sealed to a public key. `secrets_manager`: in the secret of the service account. `claim`: made when its link is claimed.',
  'delivery.jwk': JWK,
};
export const rotationDescriptions: Descriptions = {
  rotation: 'Our addition: how the key is renewed.',
  'rotation.automatic':
    'Whether the hourly sweep makes a successor 14 days before the end (day 76 of 90). Absent: true. A key with a life under 28 days is not renewed in any case.',
  'rotation.overlap_seconds': OVERLAP,
  'rotation.delivery': 'How a successor that the sweep makes reaches its workload. Absent: `claim`.',
  'rotation.delivery.method':
    '`claim`: a link in an event. `jwe`: sealed text that can be fetched. `secrets_manager`: the secret of the service account.',
  'rotation.delivery.jwk': JWK,
};
export const keyDescriptions: Descriptions = {
  expires_in_seconds: 'How long the key lives; 90 days at most, and where absent.',
  ...deliveryDescriptions,
  ...rotationDescriptions,
};

const publicJwk = {
  type: 'object',
  description: 'The registered public key (RFC 7517), reduced to its public members.',
  additionalProperties: { type: 'string' },
};

export const rotation = object('Our addition: how the key is renewed.', {
  automatic: boolean('Whether the hourly sweep makes its successor.'),
  overlap_seconds: integer(OVERLAP),
  delivery: variants(
    [
      object('A link to claim it by.', { method: always('claim', 'A link in an event.') }),
      object('Its secret.', { method: always('secrets_manager', 'The secret of the service account.') }),
      object('Sealed text.', { method: always('jwe', 'Sealed to a public key.'), jwk: publicJwk }),
    ],
    'How a successor that the sweep makes reaches its workload.',
  ),
});

/** How a key that was just made reaches its workload. */
export const shownDelivery = variants(
  [
    object('It is in this answer.', { method: always('response', 'In `value`, this once.') }),
    object('It is sealed.', {
      method: always('jwe', 'Sealed to a public key.'),
      jwe: text('The key as a compact JWE (RFC 7516), content encryption A256GCM.'),
    }),
    object('It is in Secrets Manager.', {
      method: always('secrets_manager', 'In the secret of the service account.'),
      secret_arn: text('The secret. Its current version is the key.'),
      version_id: text('The version that holds this key.'),
    }),
    object('It is made when it is claimed.', {
      method: always('claim', 'Behind a one-time link.'),
      claim_url: orNull(
        text('The link; what is behind its `#` is the token. Null where the link is told in an event.'),
      ),
      expires_at: time('When the link ends'),
    }),
  ],
  'Our addition: how the key reaches its workload.',
);
