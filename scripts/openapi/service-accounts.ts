import { createBody, updateBody } from '../../functions/key-issuer/service-accounts.ts';
import {
  accountLimitDescriptions,
  accountLimits,
  grantDescriptions,
  grantFields,
  keyDescriptions,
} from './key-fields.ts';
import { ARCHIVED, cursorQuery, NOT_FOUND, type Operation, type Resource } from './operation.ts';
import { bodyOf } from './request-body.ts';
import { deletion, object, objectName, oneOf, page, ref, type Schemas, text, time } from './schema.ts';

const ACCOUNTS = '/v1/organization/projects/{project_id}/service_accounts';
const ACCOUNT = `${ACCOUNTS}/{service_account_id}`;
const LIMITED = 'A project has at most 100 service accounts with limits of their own: `conflict`.';

const fields: Schemas = {
  id: text('`svc_…`.'),
  object: objectName('organization.project.service_account'),
  name: text('Its name.'),
  role: oneOf(
    ['member', 'none'],
    'Keys of an account without a role open nothing; it has none until it gets one.',
  ),
  created_at: time('When it was made'),
  ...grantFields,
  limits: accountLimits,
};

const schemas: Schemas = {
  ServiceAccount: object('A workload of a project.', fields),
  ServiceAccountList: page('ServiceAccount'),
  ServiceAccountDeleted: deletion('organization.project.service_account.deleted', 'The service account'),
  CreatedServiceAccount: object('A service account and its first key.', {
    ...fields,
    api_key: {
      anyOf: [ref('NewApiKey'), { type: 'null' }],
      description: 'Its first key; null where `create_service_account_only` was asked for.',
    },
  }),
  CreateServiceAccount: bodyOf(createBody, {
    name: 'Its name, which its first key has too.',
    create_service_account_only: 'Whether it is to have no key and no role yet.',
    ...accountLimitDescriptions,
    ...grantDescriptions,
    ...keyDescriptions,
  }),
  UpdateServiceAccount: bodyOf(updateBody, {
    name: 'Its name.',
    role: 'Gives an account without a role one.',
    ...accountLimitDescriptions,
    ...grantDescriptions,
  }),
};

const collection: Readonly<Record<string, Operation>> = {
  [`GET ${ACCOUNTS}`]: {
    id: 'listServiceAccounts',
    tag: 'Service accounts',
    summary: 'List the service accounts of a project',
    query: cursorQuery,
    answer: 'ServiceAccountList',
    refusals: { 400: 'A query parameter or cursor that is not of this list.', 404: NOT_FOUND },
  },
  [`POST ${ACCOUNTS}`]: {
    id: 'createServiceAccount',
    tag: 'Service accounts',
    summary: 'Create a service account and its first key',
    description: 'The key is shown once, in this answer, unless `delivery` says otherwise.',
    body: { schema: ref('CreateServiceAccount'), required: 'required' },
    answer: 'CreatedServiceAccount',
    refusals: { 404: NOT_FOUND, 409: `${ARCHIVED} ${LIMITED}` },
    repeats: 'recognised',
  },
};

const item: Readonly<Record<string, Operation>> = {
  [`GET ${ACCOUNT}`]: {
    id: 'retrieveServiceAccount',
    tag: 'Service accounts',
    summary: 'Show a service account',
    answer: 'ServiceAccount',
    refusals: { 404: NOT_FOUND },
  },
  [`POST ${ACCOUNT}`]: {
    id: 'updateServiceAccount',
    tag: 'Service accounts',
    summary: 'Change a service account',
    description:
      'What narrows acts on the next request of every key. Limits need the scope `limits:write` too. What is absent stays; null means the default. `limits` need `limits:write` beside the scope of the route.',
    body: { schema: ref('UpdateServiceAccount'), required: 'required' },
    answer: 'ServiceAccount',
    refusals: { 404: NOT_FOUND, 409: `${ARCHIVED} ${LIMITED}` },
  },
  [`DELETE ${ACCOUNT}`]: {
    id: 'deleteServiceAccount',
    tag: 'Service accounts',
    summary: 'Delete a service account',
    description: 'Its keys stop at once.',
    answer: 'ServiceAccountDeleted',
    refusals: { 404: NOT_FOUND },
  },
};

export const serviceAccounts: Resource = { schemas, operations: { ...collection, ...item } };
