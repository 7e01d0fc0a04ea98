import { createBody, updateBody } from '../../functions/key-issuer/api-keys.ts';
import {
  grantDescriptions,
  grantFields,
  keyDescriptions,
  rotation,
  rotationDescriptions,
  shownDelivery,
} from './key-fields.ts';
import { ARCHIVED, cursorQuery, NOT_FOUND, type Operation, type Resource } from './operation.ts';
import { bodyOf } from './request-body.ts';
import {
  always,
  deletion,
  object,
  objectName,
  oneOf,
  orNull,
  page,
  ref,
  type Schemas,
  text,
  time,
  variants,
} from './schema.ts';

const PROJECT = '/v1/organization/projects/{project_id}';
const KEYS = `${PROJECT}/api_keys`;
const KEY = `${KEYS}/{api_key_id}`;

/** Of a key that was just made. */
export const newKeyFields: Schemas = {
  id: text('`key_…`.'),
  object: objectName('organization.project.service_account.api_key'),
  name: text('Its name.'),
  created_at: time('When it was made'),
  expires_at: time('When it ends'),
  value: orNull(text('The key, shown this once; null where `delivery` says that it is elsewhere.')),
  ...grantFields,
  rotation,
  delivery: shownDelivery,
};

const owner = object('Whose it is.', {
  type: always('service_account', 'Keys belong to service accounts.'),
  service_account: object('The service account.', {
    id: text('`svc_…`.'),
    created_at: time('When it was made'),
    name: text('Its name; empty where it is gone.'),
    role: oneOf(['member', 'none'], 'Its role.'),
  }),
});

const claim = orNull(
  object('Our addition: of a key that is made when its link is claimed; null for others.', {
    expires_at: time('When its link ends'),
    claimed_at: orNull(time('When it was claimed')),
  }),
);

const delivery = orNull(
  variants(
    [
      object('It is in Secrets Manager.', {
        method: always('secrets_manager', 'In the secret of the service account.'),
        version_id: text('The version that holds this key.'),
      }),
      object('It is sealed.', {
        method: always('jwe', 'Sealed to a public key.'),
        jwe: text('The key as a compact JWE, to be fetched again while its predecessor works.'),
      }),
    ],
    'Our addition: where the key is, if it is anywhere.',
  ),
);

const schemas: Schemas = {
  ApiKey: object('An API key, without its secret.', {
    id: text('`key_…`.'),
    object: objectName('organization.project.api_key'),
    name: text('Its name.'),
    created_at: time('When it was made'),
    expires_at: time('When it ends'),
    last_used_at: orNull(time('When it was last used, to the hour')),
    owner,
    owner_project_access: oneOf(['active', 'inactive'], 'Whether keys of this account open anything.'),
    redacted_value: text('Its prefix and reference, by which a leaked key is found.'),
    status: oneOf(
      ['active', 'pending', 'expired'],
      'Our addition: a `pending` key waits to be claimed, an `expired` one has ended.',
    ),
    ...grantFields,
    rotation,
    successor: orNull(text('Our addition: the key that replaces it, `key_…`.')),
    predecessor: orNull(text('Our addition: the key that it replaces, `key_…`.')),
    claim,
    delivery,
  }),
  ApiKeyList: page('ApiKey'),
  ApiKeyDeleted: deletion('organization.project.api_key.deleted', 'The key'),
  NewApiKey: object('A key that was just made.', newKeyFields),
  CreateApiKey: bodyOf(createBody, {
    name: 'Its name; the account’s where absent.',
    ...grantDescriptions,
    ...keyDescriptions,
  }),
  UpdateApiKey: bodyOf(updateBody, {
    name: 'Its name.',
    expires_in_seconds:
      'How long it lives from now: never more than 90 days in all, nor longer once it has a successor.',
    ...rotationDescriptions,
    ...grantDescriptions,
  }),
};

const collection: Readonly<Record<string, Operation>> = {
  [`POST ${PROJECT}/service_accounts/{service_account_id}/api_keys`]: {
    id: 'createApiKey',
    tag: 'API keys',
    summary: 'Create a key of a service account',
    description:
      'It may do no more than its account. It is shown once, here, unless `delivery` says otherwise.',
    body: { schema: ref('CreateApiKey'), required: 'required' },
    answer: 'NewApiKey',
    refusals: { 404: NOT_FOUND, 409: `The service account has no role: \`conflict\`. ${ARCHIVED}` },
    repeats: 'recognised',
  },
  [`GET ${KEYS}`]: {
    id: 'listApiKeys',
    tag: 'API keys',
    summary: 'List the keys of a project that have not been revoked',
    query: {
      ...cursorQuery,
      owner_project_access: {
        schema: {
          type: 'string',
          enum: ['any', 'active', 'inactive'],
          default: 'any',
          description: 'Only keys whose account has, or has not, access.',
        },
      },
    },
    answer: 'ApiKeyList',
    refusals: { 400: 'A query parameter or cursor that is not of this list.', 404: NOT_FOUND },
  },
};

const item: Readonly<Record<string, Operation>> = {
  [`GET ${KEY}`]: {
    id: 'retrieveApiKey',
    tag: 'API keys',
    summary: 'Show a key',
    answer: 'ApiKey',
    refusals: { 404: `${NOT_FOUND} A revoked key too.` },
  },
  [`POST ${KEY}`]: {
    id: 'updateApiKey',
    tag: 'API keys',
    summary: 'Change name, grant, end and rotation of a key',
    description: 'What is absent stays; null takes the lists of its account.',
    body: { schema: ref('UpdateApiKey'), required: 'required' },
    answer: 'ApiKey',
    refusals: { 404: NOT_FOUND, 409: `The key has expired: \`conflict\`. ${ARCHIVED}` },
  },
  [`DELETE ${KEY}`]: {
    id: 'deleteApiKey',
    tag: 'API keys',
    summary: 'Revoke a key',
    description:
      'It acts on the next request and cuts running answers within five seconds. A successor that waits to be claimed falls with it. May be repeated.',
    query: {
      cascade: {
        schema: {
          type: 'string',
          enum: ['false', 'true'],
          default: 'false',
          description: 'Our addition: whether successors that work are revoked too.',
        },
      },
    },
    answer: 'ApiKeyDeleted',
    refusals: { 400: 'A query parameter that is unknown or has a wrong value.', 404: NOT_FOUND },
  },
};

export const apiKeys: Resource = { schemas, operations: { ...collection, ...item } };
