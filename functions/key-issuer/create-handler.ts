import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { isOpen } from '../../middleware/open-route.ts';
import { createOpenPipeline, createPipeline } from '../../middleware/pipeline.ts';
import type { Routes } from '../../shared/http/message.ts';
import { createChildAdminKey, deleteAdminKey, listAdminKeys, retrieveAdminKey } from './admin-keys.ts';
import { createApiKey, createClaimLink, deleteApiKey, retrieveApiKey, updateApiKey } from './api-keys.ts';
import { claimApiKey } from './claim.ts';
import { createAdminKey } from './create-admin-key.ts';
import { retrieveLimitUsage } from './limit-usage.ts';
import { listApiKeys } from './list-api-keys.ts';
import { retrieveModelAliases, updateModelAliases } from './model-aliases.ts';
import {
  deleteModelPermissions,
  retrieveModelPermissions,
  updateModelPermissions,
} from './model-permissions.ts';
import type { KeyIssuerPorts } from './ports.ts';
import { archiveProject, createProject, listProjects, retrieveProject, updateProject } from './projects.ts';
import { listRateLimits, updateRateLimit } from './rate-limits.ts';
import { rotateApiKey } from './rotate.ts';
import { rotateSelf } from './rotate-self.ts';
import {
  createServiceAccount,
  deleteServiceAccount,
  listServiceAccounts,
  retrieveServiceAccount,
  updateServiceAccount,
} from './service-accounts.ts';
import {
  createSpendAlert,
  deleteSpendAlert,
  listSpendAlerts,
  retrieveSpendAlert,
  updateSpendAlert,
} from './spend-alerts.ts';
import { deleteSpendLimit, retrieveSpendLimit, updateSpendLimit } from './spend-limit.ts';

/** The administration plane, the claim link, and the direct invocation that makes the first admin key. */
export function createHandler(ports: KeyIssuerPorts) {
  const pipeline = createPipeline(ports, { routes: routesOf(ports), mode: 'buffered' });
  const open = createOpenPipeline(ports, { routes: { 'POST /v1/api_keys/claim': claimApiKey(ports) } });
  return async (event: APIGatewayProxyEvent, context: Context): Promise<unknown> => {
    if (isDirect(event)) return createAdminKey(ports, { event, awsRequestId: context.awsRequestId });
    return isOpen(event) ? open(event, context) : pipeline(event, context);
  };
}

/** API Gateway always sends a request context; who invokes the function directly must not pretend to be it. */
const isDirect = (event: unknown): boolean =>
  typeof event !== 'object' || event === null || !('requestContext' in event);

const PROJECTS = '/v1/organization/projects';
const PROJECT = `${PROJECTS}/{project_id}`;
const ACCOUNT = `${PROJECT}/service_accounts/{service_account_id}`;
const KEY = `${PROJECT}/api_keys/{api_key_id}`;
const ALERT = `${PROJECT}/spend_alerts/{alert_id}`;
const ADMIN_KEYS = '/v1/organization/admin_api_keys';

const routesOf = (ports: KeyIssuerPorts): Routes => ({
  ...adminKeyRoutes(ports),
  ...projectRoutes(ports),
  ...keyRoutes(ports),
  ...limitRoutes(ports),
});

const adminKeyRoutes = (ports: KeyIssuerPorts): Routes => ({
  [`POST ${ADMIN_KEYS}`]: createChildAdminKey(ports),
  [`GET ${ADMIN_KEYS}`]: listAdminKeys(ports),
  [`GET ${ADMIN_KEYS}/{key_id}`]: retrieveAdminKey(ports),
  [`DELETE ${ADMIN_KEYS}/{key_id}`]: deleteAdminKey(ports),
});

const projectRoutes = (ports: KeyIssuerPorts): Routes => ({
  [`POST ${PROJECTS}`]: createProject(ports),
  [`GET ${PROJECTS}`]: listProjects(ports),
  [`GET ${PROJECT}`]: retrieveProject(ports),
  [`POST ${PROJECT}`]: updateProject(ports),
  [`POST ${PROJECT}/archive`]: archiveProject(ports),
  [`GET ${PROJECT}/model_aliases`]: retrieveModelAliases(ports),
  [`POST ${PROJECT}/model_aliases`]: updateModelAliases(ports),
});

const keyRoutes = (ports: KeyIssuerPorts): Routes => ({
  [`POST ${PROJECT}/service_accounts`]: createServiceAccount(ports),
  [`GET ${PROJECT}/service_accounts`]: listServiceAccounts(ports),
  [`GET ${ACCOUNT}`]: retrieveServiceAccount(ports),
  [`POST ${ACCOUNT}`]: updateServiceAccount(ports),
  [`DELETE ${ACCOUNT}`]: deleteServiceAccount(ports),
  [`POST ${ACCOUNT}/api_keys`]: createApiKey(ports),
  [`GET ${PROJECT}/api_keys`]: listApiKeys(ports),
  [`GET ${KEY}`]: retrieveApiKey(ports),
  [`POST ${KEY}`]: updateApiKey(ports),
  [`DELETE ${KEY}`]: deleteApiKey(ports),
  [`POST ${KEY}/rotate`]: rotateApiKey(ports),
  [`POST ${KEY}/claim_link`]: createClaimLink(ports),
  'POST /v1/api_keys/self/rotate': rotateSelf(ports),
});

const limitRoutes = (ports: KeyIssuerPorts): Routes => ({
  [`GET ${PROJECT}/rate_limits`]: listRateLimits(ports),
  [`POST ${PROJECT}/rate_limits/{rate_limit_id}`]: updateRateLimit(ports),
  [`GET ${PROJECT}/limit_usage`]: retrieveLimitUsage(ports),
  [`GET ${PROJECT}/spend_limit`]: retrieveSpendLimit(ports),
  [`POST ${PROJECT}/spend_limit`]: updateSpendLimit(ports),
  [`DELETE ${PROJECT}/spend_limit`]: deleteSpendLimit(ports),
  [`GET ${PROJECT}/spend_alerts`]: listSpendAlerts(ports),
  [`POST ${PROJECT}/spend_alerts`]: createSpendAlert(ports),
  [`GET ${ALERT}`]: retrieveSpendAlert(ports),
  [`POST ${ALERT}`]: updateSpendAlert(ports),
  [`DELETE ${ALERT}`]: deleteSpendAlert(ports),
  [`GET ${PROJECT}/model_permissions`]: retrieveModelPermissions(ports),
  [`POST ${PROJECT}/model_permissions`]: updateModelPermissions(ports),
  [`DELETE ${PROJECT}/model_permissions`]: deleteModelPermissions(ports),
});
