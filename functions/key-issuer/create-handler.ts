import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { createPipeline } from '../../middleware/pipeline.ts';
import type { Routes, UseCase } from '../../shared/http/message.ts';
import { deleteApiKey, listApiKeys, retrieveApiKey } from './api-keys.ts';
import { createAdminKey } from './create-admin-key.ts';
import type { KeyIssuerPorts } from './ports.ts';
import { createProject, listProjects, retrieveProject } from './projects.ts';
import { createServiceAccount, listServiceAccounts } from './service-accounts.ts';

/** The administration plane, and the direct invocation that makes the first admin key. */
export function createHandler(ports: KeyIssuerPorts) {
  const pipeline = createPipeline(ports, { routes: routesOf(ports), mode: 'buffered' });
  return async (event: APIGatewayProxyEvent, context: Context): Promise<unknown> =>
    isDirect(event)
      ? createAdminKey(ports, { event, awsRequestId: context.awsRequestId })
      : pipeline(event, context);
}

/** API Gateway always sends a request context; who invokes the function directly must not pretend to be it. */
const isDirect = (event: unknown): boolean =>
  typeof event !== 'object' || event === null || !('requestContext' in event);

function routesOf(ports: KeyIssuerPorts): Routes {
  const admin = (handle: UseCase) => ({ scopes: ['organization:write'] as const, handle });
  const projects = '/v1/organization/projects';
  const project = `${projects}/{project_id}`;
  return {
    [`POST ${projects}`]: admin(createProject(ports)),
    [`GET ${projects}`]: admin(listProjects(ports)),
    [`GET ${project}`]: admin(retrieveProject(ports)),
    [`POST ${project}/service_accounts`]: admin(createServiceAccount(ports)),
    [`GET ${project}/service_accounts`]: admin(listServiceAccounts(ports)),
    [`GET ${project}/api_keys`]: admin(listApiKeys(ports)),
    [`GET ${project}/api_keys/{api_key_id}`]: admin(retrieveApiKey(ports)),
    [`DELETE ${project}/api_keys/{api_key_id}`]: admin(deleteApiKey(ports)),
  };
}
