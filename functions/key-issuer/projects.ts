import { newTenantRef, parseProjectId, projectId, type TenantRef } from '../../shared/domain/ids.ts';
import type { Tenant } from '../../shared/domain/tenancy.ts';
import { listBody, pageRequest } from '../../shared/http/cursor-page.ts';
import { jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import { auditOf } from './audit.ts';
import type { KeyIssuerPorts } from './ports.ts';
import { parseProject, refuseUnknown, tenantOf } from './request.ts';
import { projectObject } from './wire.ts';

/** `POST /organization/projects`: a tenant, its name unique in the organisation (409 where taken). */
export const createProject =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const order = parseProject(request);
    const tenant: Tenant = {
      ref: newTenantRef(ports.random),
      name: order.name,
      status: 'active',
      limits: order.limits,
      createdAtMs: request.receivedAtMs,
    };
    const id = projectId(tenant.ref);
    await ports.tenancy.createTenant(
      tenant,
      auditOf(request, { type: 'project.created', chain: tenant.ref, subject: { id, name: tenant.name } }),
    );
    return jsonAnswer(200, projectObject(tenant));
  };

/** `GET /organization/projects`, oldest first. */
export const listProjects =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const page = await ports.tenancy.listTenants(pageRequest(request, parseProjectId));
    return jsonAnswer(200, listBody(page, projectObject));
  };

/** `GET /organization/projects/{project_id}`. */
export const retrieveProject =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) =>
    jsonAnswer(200, projectObject(await readTenant(ports, tenantOf(request))));

/** The tenant, or `not_found`. */
export async function readTenant(ports: KeyIssuerPorts, ref: TenantRef): Promise<Tenant> {
  return (await ports.tenancy.readTenant(ref)) ?? refuseUnknown('project', projectId(ref));
}
