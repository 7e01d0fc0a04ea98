import { updateBody as modelPermissionsBody } from '../../functions/key-issuer/model-permissions.ts';
import { updateBody as rateLimitBody } from '../../functions/key-issuer/rate-limits.ts';
import { updateBody as spendLimitBody } from '../../functions/key-issuer/spend-limit.ts';
import { WIRE_LIMIT_NAMES } from '../../shared/http/limit-names.ts';
import { ARCHIVED, beforeQuery, cursorQuery, NOT_FOUND, type Operation, type Resource } from './operation.ts';
import { bodyOf } from './request-body.ts';
import {
  always,
  deletionOfOne,
  integer,
  listOf,
  number,
  object,
  objectName,
  oneOf,
  page,
  ref,
  type Schemas,
  text,
  time,
} from './schema.ts';

const PROJECT = '/v1/organization/projects/{project_id}';
const PERMISSIONS = `${PROJECT}/model_permissions`;
const UNENFORCED = 'OpenAI’s; any value is refused, since nothing here enforces it.';
const UNLIMITED = '1,000,000,000 means that there is none, here alone.';

const RATES = {
  max_requests_per_1_minute: `Requests a UTC minute. ${UNLIMITED}`,
  max_tokens_per_1_minute: `Tokens, input and output together, a UTC minute. ${UNLIMITED}`,
  max_requests_per_1_day: `Requests a UTC day. ${UNLIMITED}`,
};

const SPEND = {
  currency: 'Always `USD`.',
  interval: 'Always `month`: the UTC calendar month.',
  threshold_amount: 'The limit in cents.',
};

const PERMISSION = {
  mode: 'Whether these models alone may be called, or all but these.',
  model_ids:
    'Model ids, or beginnings of ids followed by `*`, each of which matches a model of the deployment. Aliases are not named.',
};

const schemas: Schemas = {
  RateLimit: object('The limit of a project on all models together, or on one.', {
    id: text('`rl_…_all`, or `rl_…_<model>`.'),
    object: objectName('project.rate_limit'),
    model: text('`*`: all models together; else the model, without an inference profile.'),
    max_requests_per_1_minute: integer(RATES.max_requests_per_1_minute),
    max_tokens_per_1_minute: integer(RATES.max_tokens_per_1_minute),
    max_requests_per_1_day: integer(RATES.max_requests_per_1_day),
  }),
  RateLimitList: page('RateLimit'),
  UpdateRateLimit: bodyOf(rateLimitBody, {
    ...RATES,
    max_images_per_1_minute: UNENFORCED,
    max_audio_megabytes_per_1_minute: UNENFORCED,
    batch_1_day_max_input_tokens: UNENFORCED,
  }),
  LimitUsage: object(
    'Our addition: where the limits in force stand at this instant.',
    {
      object: objectName('project.limit_usage'),
      project_id: text('`proj_…`.'),
      limits: listOf(
        object('A limit in force, in its present period.', {
          limit: oneOf(WIRE_LIMIT_NAMES, 'Which. Amounts are in its unit: requests, tokens or USD.'),
          owner: object('Whose it is.', {
            type: oneOf(['project', 'service_account', 'model'], 'Of which kind.'),
            id: text('`proj_…`, `svc_…`, or the model without an inference profile.'),
          }),
          value: number('The limit.'),
          used: number('By requests that ended.'),
          reserved: number('By requests under way: the most that they can use, or an estimate.'),
          remaining: number('What the next request may reserve.'),
          resets_at: time('When its period ends'),
          mode: oneOf(['enforce', 'shadow'], '`shadow`: it refuses nothing.'),
        }),
        'Those of the project, then of its service accounts, then of its models.',
      ),
      inflight: object('Requests at once.', {
        value: integer('The limit.'),
        used: integer('Requests under way.'),
      }),
      debt_usd: number(
        'Where the project’s `estimation` is `balanced`: how much more the requests under way may cost than was reserved.',
      ),
    },
    { optional: ['debt_usd'] },
  ),
  SpendLimit: object(
    'What a project may spend.',
    {
      object: objectName('project.spend_limit'),
      currency: always('USD', SPEND.currency),
      interval: always('month', SPEND.interval),
      threshold_amount: number(`${SPEND.threshold_amount} It has a fraction where it was set in USD.`),
      debt_usd: number(
        'Our addition, in USD, where the project’s `estimation` is `balanced`: how much more the requests under way may cost than was reserved.',
      ),
      enforcement: object('What it does just now.', {
        status: oneOf(
          ['inactive', 'enforcing'],
          '`enforcing`: the limit is reached, so that requests are refused. A limit in shadow never does that; any other is in force either way.',
        ),
      }),
    },
    { optional: ['debt_usd'] },
  ),
  SpendLimitDeleted: deletionOfOne('project.spend_limit.deleted', 'The spend limit'),
  UpdateSpendLimit: bodyOf(spendLimitBody, SPEND),
  ModelPermissions: object('Which models a project may call.', {
    object: objectName('project.model_permissions'),
    mode: oneOf(['allow_list', 'deny_list'], PERMISSION.mode),
    model_ids: listOf(text('A model id, or a beginning and `*`.'), PERMISSION.model_ids),
  }),
  ModelPermissionsDeleted: deletionOfOne('project.model_permissions.deleted', 'The list'),
  UpdateModelPermissions: bodyOf(modelPermissionsBody, PERMISSION),
};

const rateLimits: Readonly<Record<string, Operation>> = {
  [`GET ${PROJECT}/rate_limits`]: {
    id: 'listRateLimits',
    tag: 'Limits',
    summary: 'List the rate limits of a project',
    description: 'One entry for all models together, and one for each model that has limits of its own.',
    query: { ...cursorQuery, ...beforeQuery },
    answer: 'RateLimitList',
    refusals: { 400: 'A query parameter or cursor that is not of this list.', 404: NOT_FOUND },
  },
  [`POST ${PROJECT}/rate_limits/{rate_limit_id}`]: {
    id: 'updateRateLimit',
    tag: 'Limits',
    summary: 'Change a rate limit of a project',
    description:
      'It acts on the next request, and what it sets enforces, also where that was in shadow. The id of a model of the catalogue may be named before it has limits: `rl_`, the ten characters of the project’s id, `_` and the model, percent-encoded once. A model whose limits are all removed is in the list no more.',
    body: { schema: ref('UpdateRateLimit'), required: 'required' },
    answer: 'RateLimit',
    refusals: { 404: NOT_FOUND, 409: ARCHIVED },
  },
};

const limitUsage: Readonly<Record<string, Operation>> = {
  [`GET ${PROJECT}/limit_usage`]: {
    id: 'retrieveLimitUsage',
    tag: 'Limits',
    summary: 'Show where the limits of a project stand',
    description: 'Our addition, for administrators and for keys of the project that may read usage.',
    answer: 'LimitUsage',
    refusals: { 400: 'A query parameter.', 404: NOT_FOUND },
  },
};

const spendLimit: Readonly<Record<string, Operation>> = {
  [`GET ${PROJECT}/spend_limit`]: {
    id: 'retrieveSpendLimit',
    tag: 'Limits',
    summary: 'Show the spend limit of a project',
    answer: 'SpendLimit',
    refusals: { 404: `${NOT_FOUND} A project without one, too.` },
  },
  [`POST ${PROJECT}/spend_limit`]: {
    id: 'updateSpendLimit',
    tag: 'Limits',
    summary: 'Set the spend limit of a project',
    description: 'It acts on the next request, and enforces, also where the limit was in shadow.',
    body: { schema: ref('UpdateSpendLimit'), required: 'required' },
    answer: 'SpendLimit',
    refusals: { 404: NOT_FOUND, 409: ARCHIVED },
  },
  [`DELETE ${PROJECT}/spend_limit`]: {
    id: 'deleteSpendLimit',
    tag: 'Limits',
    summary: 'Remove the spend limit of a project',
    description: 'May be repeated.',
    answer: 'SpendLimitDeleted',
    refusals: { 404: NOT_FOUND, 409: ARCHIVED },
  },
};

const modelPermissions: Readonly<Record<string, Operation>> = {
  [`GET ${PERMISSIONS}`]: {
    id: 'retrieveModelPermissions',
    tag: 'Limits',
    summary: 'Show which models a project may call',
    answer: 'ModelPermissions',
    refusals: { 404: `${NOT_FOUND} A project without a list, too: it may call every model.` },
  },
  [`POST ${PERMISSIONS}`]: {
    id: 'updateModelPermissions',
    tag: 'Limits',
    summary: 'Set which models a project may call',
    description: 'It replaces what there was, and acts on the next request.',
    body: { schema: ref('UpdateModelPermissions'), required: 'required' },
    answer: 'ModelPermissions',
    refusals: { 404: NOT_FOUND, 409: ARCHIVED },
  },
  [`DELETE ${PERMISSIONS}`]: {
    id: 'deleteModelPermissions',
    tag: 'Limits',
    summary: 'Let a project call every model',
    description: 'May be repeated.',
    answer: 'ModelPermissionsDeleted',
    refusals: { 404: NOT_FOUND, 409: ARCHIVED },
  },
};

export const limits: Resource = {
  schemas,
  operations: { ...rateLimits, ...limitUsage, ...spendLimit, ...modelPermissions },
};
