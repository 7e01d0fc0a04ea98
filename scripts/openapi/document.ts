/** The whole document: everything that is served, no more and no less. */
import { OPEN_ROUTES, ROUTE_SCOPES } from '../../shared/domain/route-scopes.ts';
import { adminKeys } from './admin-keys.ts';
import { apiKeys } from './api-keys.ts';
import { auditLogs } from './audit-logs.ts';
import { describeOperation, errorResponses, type Route } from './describe-operation.ts';
import { errorSchema } from './errors.ts';
import { HEADERS } from './headers.ts';
import { inference } from './inference.ts';
import { keyLife } from './key-life.ts';
import { limits } from './limits.ts';
import { modelAliases } from './model-aliases.ts';
import { type Resource, TAGS } from './operation.ts';
import { projects } from './projects.ts';
import { reports } from './reports.ts';
import type { Schema } from './schema.ts';
import { service } from './service.ts';
import { serviceAccounts } from './service-accounts.ts';
import { spendAlerts } from './spend-alerts.ts';

const RESOURCES: readonly Resource[] = [
  inference,
  projects,
  serviceAccounts,
  apiKeys,
  keyLife,
  limits,
  modelAliases,
  spendAlerts,
  adminKeys,
  reports,
  auditLogs,
  service,
];

/** The OpenAPI 3.1 document. Throws where a route is not described, or something is that is no route. */
export function describeApi(version: string): Schema {
  const schemas = Object.fromEntries(RESOURCES.flatMap((resource) => Object.entries(resource.schemas)));
  return {
    openapi: '3.1.1',
    info: {
      title: 'bedrock-proxy',
      version,
      summary: 'Amazon Bedrock of one AWS account, spoken to like OpenAI, by many tenants.',
      description:
        'The inference plane and the administration plane, both in OpenAI’s shapes; fields that are additions to OpenAI’s say so.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [
      { url: '.', description: 'Where this document is.' },
      { url: './openai', description: 'The same routes of /v1 once more, for SDKs that expect them there.' },
    ],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: pathsOf(),
    components: {
      schemas: { Error: errorSchema, ...schemas },
      responses: errorResponses,
      parameters: PARAMETERS,
      headers: HEADERS,
      securitySchemes: SECURITY,
    },
  };
}

function pathsOf(): Schema {
  const operations = new Map(RESOURCES.flatMap((resource) => Object.entries(resource.operations)));
  const paths: Record<string, Record<string, Schema>> = {};
  for (const [name, scopes] of [
    ...Object.entries(ROUTE_SCOPES),
    ...OPEN_ROUTES.map((route) => [route, undefined] as const),
  ]) {
    const operation = operations.get(name);
    if (operation === undefined) throw new Error(`${name} is not described.`);
    operations.delete(name);
    const [method = '', template = ''] = name.split(' ');
    const route: Route = { method, path: template.replace('+}', '}'), scopes };
    paths[route.path] = {
      ...paths[route.path],
      [method.toLowerCase()]: { ...describeOperation(route, operation), ...onlyHere(route) },
    };
  }
  if (operations.size > 0) throw new Error(`No routes: ${[...operations.keys()].join(', ')}.`);
  return paths;
}

/** What is not under /v1 has no alias. */
const onlyHere = ({ path }: Route): Schema => (path.startsWith('/v1/') ? {} : { servers: [{ url: '.' }] });

const inPath = (name: string, description: string): Schema => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: { type: 'string' },
});

const PARAMETERS: Schema = {
  project_id: inPath('project_id', '`proj_…`.'),
  service_account_id: inPath('service_account_id', '`svc_…`.'),
  api_key_id: inPath('api_key_id', '`key_…`.'),
  rate_limit_id: inPath('rate_limit_id', '`rl_…_all`, or `rl_…_` and a model id, percent-encoded once.'),
  alert_id: inPath('alert_id', '`alert_…`.'),
  key_id: inPath('key_id', '`key_…`.'),
  model: inPath('model', 'A model id, percent-encoded once; it may contain slashes and colons.'),
  'Idempotency-Key': {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'Our addition. Makes a call happen once: for a day, a repeat of it by the same key is answered 409 with the id of what the first made, and never with its secret.',
    schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
  },
  'x-include-cost': {
    name: 'x-include-cost',
    in: 'header',
    required: false,
    description:
      'Our addition. Whether the answer says what it cost: a whole one in `x-request-cost-usd` and `usage.cost`, a streamed one in the `usage.cost` of its last chunk, where `include_usage` asks for that. Absent: as the project is set.',
    schema: { type: 'string', enum: ['true', 'false'] },
  },
};

const SECURITY: Schema = {
  apiKey: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'bpk_…',
    description:
      'An API key of a service account. `x-required-scopes` of a route names the scopes of which any one opens it.',
  },
  apiKeyHeader: {
    type: 'apiKey',
    in: 'header',
    name: 'x-api-key',
    description: 'The same in the header that Anthropic’s SDKs use.',
  },
  adminKey: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'bpa_…',
    description: 'An admin key. It opens the administration plane and never the inference plane.',
  },
  adminKeyHeader: {
    type: 'apiKey',
    in: 'header',
    name: 'x-api-key',
    description: 'The same in another header.',
  },
};
