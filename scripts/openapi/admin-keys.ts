import { createBody } from '../../functions/key-issuer/admin-keys.ts';
import { ADMIN_SCOPES } from '../../shared/domain/principal.ts';
import { cursorQuery, NOT_FOUND, orderQuery, type Resource } from './operation.ts';
import { bodyOf } from './request-body.ts';
import {
  always,
  deletion,
  listOf,
  nothing,
  object,
  objectName,
  oneOf,
  page,
  ref,
  type Schemas,
  text,
  time,
} from './schema.ts';

const KEYS = '/v1/organization/admin_api_keys';
const KEY = `${KEYS}/{key_id}`;
const SCOPES = 'Our addition: what it may do. `…:write` includes `…:read`.';

const fields: Schemas = {
  id: text('`key_…`.'),
  object: objectName('organization.admin_api_key'),
  name: text('Its name.'),
  created_at: time('When it was made'),
  expires_at: time('When it ends: always, after 30 days at most'),
  last_used_at: nothing('Not kept: always null.'),
  redacted_value: text('Its prefix and reference, by which a leaked key is found.'),
  owner: object('OpenAI’s type asks for one; here it is always the administration.', {
    type: always('user', 'Always `user`.'),
    object: objectName('organization.user'),
    role: always('owner', 'Always `owner`.'),
    name: always('administration', 'Always the administration.'),
  }),
  scopes: listOf(oneOf(ADMIN_SCOPES, 'A scope.'), SCOPES),
};

export const adminKeys: Resource = {
  schemas: {
    AdminApiKey: object('An admin key, without its secret.', fields),
    AdminApiKeyList: page('AdminApiKey'),
    AdminApiKeyDeleted: deletion('organization.admin_api_key.deleted', 'The key'),
    NewAdminApiKey: object('An admin key that was just made.', {
      ...fields,
      value: text('The key, shown this once.'),
    }),
    CreateAdminApiKey: bodyOf(createBody, {
      name: 'Its name.',
      expires_in_seconds:
        'How long it lives: 30 days at most, and no longer than the key of this request. Absent: eight hours.',
      scopes: `${SCOPES} None that the key of this request lacks; absent: that key’s.`,
    }),
  },
  operations: {
    [`GET ${KEYS}`]: {
      id: 'listAdminApiKeys',
      tag: 'Admin keys',
      summary: 'List the admin keys that are neither revoked nor expired',
      query: { ...cursorQuery, ...orderQuery },
      answer: 'AdminApiKeyList',
      refusals: { 400: 'A query parameter or cursor that is not of this list.' },
    },
    [`POST ${KEYS}`]: {
      id: 'createAdminApiKey',
      tag: 'Admin keys',
      summary: 'Create an admin key',
      description:
        'It may do no more than the key of this request, lives no longer, and falls with it. API keys do not: they live by their own project’s policy.',
      body: { schema: ref('CreateAdminApiKey'), required: 'required' },
      answer: 'NewAdminApiKey',
      refusals: { 409: 'The key of this request descends from four others already: `conflict`.' },
      repeats: 'recognised',
    },
    [`GET ${KEY}`]: {
      id: 'retrieveAdminApiKey',
      tag: 'Admin keys',
      summary: 'Show an admin key',
      answer: 'AdminApiKey',
      refusals: { 404: 'An id that is unknown, malformed or of a revoked key: `not_found` for all alike.' },
    },
    [`DELETE ${KEY}`]: {
      id: 'deleteAdminApiKey',
      tag: 'Admin keys',
      summary: 'Revoke an admin key and all that descend from it',
      description:
        'It acts on the next request, and may be repeated. A key that another admin key made revokes only itself and its descendants: else 403.',
      answer: 'AdminApiKeyDeleted',
      refusals: { 404: NOT_FOUND },
    },
  },
};
