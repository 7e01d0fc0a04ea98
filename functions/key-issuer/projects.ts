import * as z from 'zod/mini';
import { decideAndCommit } from '../../shared/decide-and-commit.ts';
import { insert, type Write } from '../../shared/domain/change.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { newTenantRef, parseProjectId, projectId } from '../../shared/domain/ids.ts';
import { DEFAULT_LIMITS } from '../../shared/domain/limits.ts';
import type { Model } from '../../shared/domain/model.ts';
import { comparableName, type Tenant } from '../../shared/domain/tenancy.ts';
import { parseBody } from '../../shared/http/body-schema.ts';
import { listBody, pageRequest, queryFlag } from '../../shared/http/cursor-page.ts';
import { type GatewayRequest, jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import { auditsOf } from './audit.ts';
import { changeTenant, decisionOf, readTenant, type TenantChange, unchanged } from './change-tenant.ts';
import { firstTenantLimitFacts, tenantLimitFacts } from './changed-facts.ts';
import { chosen, nameField, refuseUnsupported, unsupportedField } from './field-schemas.ts';
import { rememberOf } from './idempotency.ts';
import { tenantLimitsField, tenantLimitsOf } from './limit-fields.ts';
import { tenantOf } from './path-ids.ts';
import type { KeyIssuerPorts } from './ports.ts';
import { requireScope } from './require-scope.ts';
import { projectObject } from './wire.ts';

/** Where data lie and which key encrypts them is settled where the gateway is deployed, for every project alike. */
const UNSUPPORTED = {
  external_key_id: 'the deployment encrypts with its own key. Leave it out.',
  geography: 'data stay in the region of the deployment. Leave it out.',
  residency: 'data stay in the region of the deployment. Leave it out.',
};
const unsupportedFields = {
  external_key_id: unsupportedField,
  geography: unsupportedField,
  residency: unsupportedField,
};

export const createBody = z.strictObject({
  name: nameField,
  limits: tenantLimitsField,
  show_cost: z.nullish(z.boolean()),
  ...unsupportedFields,
});
export const updateBody = z.strictObject({
  name: z.nullish(nameField),
  limits: tenantLimitsField,
  show_cost: z.nullish(z.boolean()),
  ...unsupportedFields,
});

/** `POST /organization/projects`: a tenant, its name unique in the organisation (409 where taken). */
export const createProject =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const body = parseBody(createBody, request.body);
    refuseUnsupported(body, UNSUPPORTED);
    const tenant = await decideAndCommit(ports.tenancy, async () => {
      const remember = await rememberOf(ports, { request, secret: 'none' });
      const created: Tenant = {
        ref: newTenantRef(ports.random),
        name: body.name,
        status: 'active',
        limits: tenantLimitsOf(body.limits, { absent: DEFAULT_LIMITS, catalogue: ports.catalogue }),
        ...(body.show_cost === true && { showsCost: true }),
        createdAtMs: request.receivedAtMs,
        revision: 1,
      };
      const id = projectId(created.ref);
      const subject = { id, name: created.name, ...firstTenantLimitFacts(created.limits) };
      return {
        result: created,
        change: {
          writes: [
            insert({ type: 'tenant-name', value: created }),
            insert({ type: 'tenant', value: created }),
            ...remember(id),
          ],
          audit: [auditsOf(request)({ type: 'project.created', chain: created.ref, subject })],
        },
        refusal: refusalOfName(ports),
      };
    });
    return jsonAnswer(200, projectObject(tenant));
  };

/** Names who has the name: nobody finds an archived project in the list that leaves it out. */
const refusalOfName =
  ({ tenancy }: Pick<KeyIssuerPorts, 'tenancy'>) =>
  async (write: Write): Promise<GatewayError | undefined> => {
    if (write.op !== 'insert' || write.entity.type !== 'tenant-name') return undefined;
    const taken = await tenancy.readTenantName(write.entity.value.name);
    // Given back meanwhile: then it may be had.
    if (taken === undefined) return undefined;
    const holder = await tenancy.readTenant(taken.ref);
    const is = `${holder?.status === 'archived' ? 'archived, ' : ''}${projectId(taken.ref)}`;
    return new GatewayError('conflict', `There is already a project of that name (${is}). Choose another.`, {
      param: 'name',
    });
  };

/**
 * `POST /organization/projects/{project_id}`: name, limits and whether answers tell
 * their cost; 409 for a name that is taken and for an archived
 * project. A body that asks for nothing changes nothing. New limits act on the next request of every key, and need
 * `limits:write` beside the route's own scope.
 */
export const updateProject =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const body = parseBody(updateBody, request.body);
    refuseUnsupported(body, UNSUPPORTED);
    if (body.limits !== undefined) requireScope(request, { scope: 'limits:write', param: 'limits' });
    const updated = await changeTenant(ports, {
      request,
      decide: (before) => {
        const change = updateOf(before, { body, catalogue: ports.catalogue });
        return change === undefined ? undefined : { ...change, refusal: refusalOfName(ports) };
      },
    });
    return jsonAnswer(200, projectObject(updated));
  };

function updateOf(
  before: Tenant,
  of: { readonly body: z.infer<typeof updateBody>; readonly catalogue: readonly Model[] },
): TenantChange | undefined {
  const { body, catalogue } = of;
  const { showsCost: showed = false, ...rest } = before;
  const name = body.name ?? before.name;
  const showsCost = chosen<boolean>(body.show_cost, { absent: showed, cleared: false });
  const changed = [
    ...(name === before.name ? [] : ['name']),
    ...(body.limits === undefined ? [] : ['limits']),
    ...(showsCost === showed ? [] : ['show_cost']),
  ];
  if (changed.length === 0) return undefined;
  const limits = tenantLimitsOf(body.limits, { absent: before.limits, catalogue });
  return {
    tenant: { ...rest, name, limits, ...(showsCost && { showsCost }) },
    audit: {
      type: 'project.updated',
      subject: { id: projectId(before.ref), name, changed, ...tenantLimitFacts(before.limits, limits) },
    },
    writes: renaming(before, name),
  };
}

/** Takes the new name and gives the old one free, at once; a name that compares the same is taken already. */
function renaming(before: Tenant, name: string): readonly Write[] {
  if (comparableName(name) === comparableName(before.name)) return [];
  return [
    insert({ type: 'tenant-name', value: { ref: before.ref, name } }),
    { op: 'remove', entity: { type: 'tenant-name', value: { ref: before.ref, name: before.name } } },
  ];
}

/**
 * `POST /organization/projects/{project_id}/archive`: all keys of the project stop at once, since each request reads
 * the tenant. It cannot be undone. The name stays taken: two projects of one name would read the same on a bill. May
 * be repeated; a repeat is no second event.
 */
export const archiveProject =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const archived = await decideAndCommit(ports.tenancy, async () => {
      const before = await readTenant(ports, tenantOf(request));
      return before.status === 'archived'
        ? unchanged(before)
        : decisionOf(request, archival(request, before));
    });
    return jsonAnswer(200, projectObject(archived));
  };

const archival = (request: GatewayRequest, before: Tenant): TenantChange => ({
  tenant: { ...before, status: 'archived', archivedAtMs: request.receivedAtMs },
  audit: { type: 'project.archived', subject: { id: projectId(before.ref) } },
});

/** `GET /organization/projects`, oldest first; the archived ones too with `include_archived`. */
export const listProjects =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const page = await ports.tenancy.listTenants({
      ...pageRequest(request, parseProjectId, ['include_archived']),
      archived: queryFlag(request, 'include_archived') ? 'include' : 'leave-out',
    });
    return jsonAnswer(200, listBody(page, projectObject));
  };

/** `GET /organization/projects/{project_id}`; also one that is archived. */
export const retrieveProject =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) =>
    jsonAnswer(200, projectObject(await readTenant(ports, tenantOf(request))));
