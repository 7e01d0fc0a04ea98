import * as z from 'zod/mini';
import { decideAndCommit } from '../../shared/decide-and-commit.ts';
import { insert, replace, type Write } from '../../shared/domain/change.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { DEFAULT_GRANT } from '../../shared/domain/grant.ts';
import {
  type AccountRef,
  type KeyRef,
  newAccountRef,
  newKeyRef,
  parseServiceAccountId,
  serviceAccountId,
  type TenantRef,
} from '../../shared/domain/ids.ts';
import type { ServiceAccount, Tenant } from '../../shared/domain/tenancy.ts';
import { parseBody } from '../../shared/http/body-schema.ts';
import { listBody, pageRequest } from '../../shared/http/cursor-page.ts';
import { type GatewayRequest, jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import { auditsOf } from './audit.ts';
import { archived, readActiveTenant, readTenant } from './change-tenant.ts';
import { accountLimitFacts, firstAccountLimitFacts } from './changed-facts.ts';
import { nameField } from './field-schemas.ts';
import { grantFields, grantOf } from './grant-fields.ts';
import { rememberOf } from './idempotency.ts';
import {
  deliverNow,
  type IssuedKey,
  issuedAudit,
  issueKey,
  type KeyOrder,
  keyFields,
  keyOrderOf,
  linkBase,
} from './issue-key.ts';
import { accountLimitsField, accountLimitsOf } from './limit-fields.ts';
import { refuseMoreLimited } from './limited-accounts.ts';
import { accountOf, refuseUnknown, tenantOf } from './path-ids.ts';
import type { KeyIssuerPorts } from './ports.ts';
import { requireScope } from './require-scope.ts';
import { newApiKeyObject, serviceAccountObject } from './wire.ts';

export const createBody = z.strictObject({
  name: nameField,
  create_service_account_only: z.nullish(z.boolean()),
  limits: accountLimitsField,
  ...grantFields,
  ...keyFields,
});

export const updateBody = z.strictObject({
  name: z.nullish(nameField),
  role: z.nullish(z.enum(['member'])),
  limits: accountLimitsField,
  ...grantFields,
});

/**
 * `POST /organization/projects/{project_id}/service_accounts`: a workload and, unless told otherwise, its first
 * key, whose text is in this answer and nowhere else. Call it with `maxRetries: 0`: a repeat makes another account,
 * unless it carries an `Idempotency-Key`.
 */
export const createServiceAccount =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const tenant = tenantOf(request);
    const body = parseBody(createBody, request.body);
    refuseKeyFields(body);
    const grant = grantOf(body, { absent: DEFAULT_GRANT });
    const order =
      body.create_service_account_only === true
        ? undefined
        : await keyOrderOf(keyPartOf(body), { name: body.name, ceiling: grant });
    const ref = newAccountRef(ports.random);
    const keyRef = newKeyRef(ports.random, ref);
    const baseUrl = await linkBase(ports, order?.delivery);
    const created = await decideAndCommit(ports.tenancy, async () => {
      await readActiveTenant(ports, tenant);
      const remember = await rememberOf(ports, {
        ...{ request, tenant },
        ...(order === undefined && { secret: 'none' }),
      });
      const limits = accountLimitsOf(body.limits);
      if (limits !== undefined) await refuseMoreLimited(ports, tenant);
      const account: ServiceAccount = {
        tenant,
        ref,
        name: body.name,
        role: order === undefined ? 'none' : 'member',
        status: 'active',
        grant,
        ...(limits !== undefined && { limits }),
        createdAtMs: request.receivedAtMs,
        revision: 1,
      };
      return creationOf(ports, { request, account, order, keyRef, remember });
    });
    await deliverNow(ports, { request, message: created.issued?.message });
    return jsonAnswer(200, {
      ...serviceAccountObject(created.account),
      api_key:
        created.issued === undefined
          ? null
          : newApiKeyObject(created.issued.key, { shown: created.issued.shown, baseUrl }),
    });
  };

/** The first key may do what its account may. */
const keyPartOf = ({ expires_in_seconds, delivery, rotation }: z.infer<typeof createBody>) => ({
  expires_in_seconds,
  delivery,
  rotation,
});

/** A field of the first key, where there is to be none, would be lost. */
function refuseKeyFields(body: z.infer<typeof createBody>): void {
  if (body.create_service_account_only !== true) return;
  for (const param of ['expires_in_seconds', 'delivery', 'rotation'] as const) {
    if (body[param] === undefined || body[param] === null) continue;
    throw new GatewayError(
      'invalid_value',
      `'${param}' is about a key, and 'create_service_account_only' makes none. Leave one of them out.`,
      { param },
    );
  }
}

async function creationOf(
  ports: KeyIssuerPorts,
  of: {
    readonly request: GatewayRequest;
    readonly account: ServiceAccount;
    readonly order: KeyOrder | undefined;
    readonly keyRef: KeyRef;
    readonly remember: (made: string) => readonly Write[];
  },
) {
  const { request, account, order, keyRef, remember } = of;
  const nowMs = request.receivedAtMs;
  const issued: IssuedKey | undefined =
    order === undefined ? undefined : await issueKey(ports, { account, order, ref: keyRef, nowMs });
  const id = serviceAccountId(account.tenant, account.ref);
  const subject = {
    ...{ id, name: account.name, role: account.role, scopes: account.grant.scopes },
    ...firstAccountLimitFacts(account.limits),
  };
  const created = auditsOf(request)({ type: 'service_account.created', chain: account.tenant, subject });
  const writes: readonly Write[] = [
    { op: 'require-active', tenant: account.tenant },
    insert({ type: 'account', value: account }),
    ...(issued?.writes ?? []),
    ...remember(id),
  ];
  return {
    result: { account, issued },
    change: { writes, audit: [created, ...(issued === undefined ? [] : [issuedAudit(request, issued)])] },
    refusal: (write: Write) => (write.op === 'require-active' ? archived() : undefined),
  };
}

/** `GET /organization/projects/{project_id}/service_accounts`. */
export const listServiceAccounts =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const tenant = tenantOf(request);
    const page = pageRequest(request, (id) => accountIn(tenant, id));
    await readTenant(ports, tenant);
    return jsonAnswer(200, listBody(await ports.tenancy.listAccounts(tenant, page), serviceAccountObject));
  };

/** `GET …/service_accounts/{service_account_id}`. */
export const retrieveServiceAccount =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) =>
    jsonAnswer(200, serviceAccountObject(await readAccount(ports, accountOf(request))));

/**
 * `POST …/service_accounts/{service_account_id}`: what narrows acts on the next request of every key. Limits need
 * `limits:write` beside the route's own scope.
 */
export const updateServiceAccount =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const of = accountOf(request);
    const body = parseBody(updateBody, request.body);
    if (body.limits !== undefined) requireScope(request, { scope: 'limits:write', param: 'limits' });
    const updated = await decideAndCommit(ports.tenancy, async () => {
      const [tenant, before] = await Promise.all([
        readActiveTenant(ports, of.tenant),
        readAccount(ports, of),
      ]);
      const { limits: had, ...rest } = before;
      const limits = accountLimitsOf(body.limits, had);
      if (had === undefined && limits !== undefined) await refuseMoreLimited(ports, of.tenant);
      const account: ServiceAccount = {
        ...rest,
        name: body.name ?? before.name,
        role: body.role ?? before.role,
        grant: grantOf(body, { absent: before.grant, cleared: DEFAULT_GRANT }),
        ...(limits !== undefined && { limits }),
        revision: before.revision + 1,
      };
      return { result: account, change: updateOf(request, { tenant, before, account, body }) };
    });
    return jsonAnswer(200, serviceAccountObject(updated));
  };

/** Limits are versioned by tenant: a request that was checked under older ones must not be admitted after this. */
function updateOf(
  request: GatewayRequest,
  of: {
    readonly tenant: Tenant;
    readonly before: ServiceAccount;
    readonly account: ServiceAccount;
    readonly body: z.infer<typeof updateBody>;
  },
) {
  const { tenant, before, account, body } = of;
  const subject = {
    id: serviceAccountId(tenant.ref, account.ref),
    name: account.name,
    role: account.role,
    scopes: account.grant.scopes,
    changed: Object.keys(body),
    ...accountLimitFacts(before.limits, account.limits),
  };
  const versioned: Tenant = {
    ...tenant,
    limits: { ...tenant.limits, version: tenant.limits.version + 1 },
    revision: tenant.revision + 1,
  };
  return {
    writes: [
      replace({ type: 'account', value: account }),
      ...(body.limits === undefined ? [] : [replace({ type: 'tenant', value: versioned })]),
    ],
    audit: [
      auditsOf(request)({
        type: 'service_account.updated',
        chain: tenant.ref,
        step: account.revision,
        subject,
      }),
    ],
  };
}

/** `DELETE …/service_accounts/{service_account_id}`: its keys stop at once, since each request reads the account. */
export const deleteServiceAccount =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const of = accountOf(request);
    const id = serviceAccountId(of.tenant, of.account);
    await decideAndCommit(ports.tenancy, async () => {
      const account = await readAccount(ports, of);
      const deleted: ServiceAccount = {
        ...account,
        status: 'deleted',
        deletedAtMs: request.receivedAtMs,
        revision: account.revision + 1,
      };
      const audit = auditsOf(request)({ type: 'service_account.deleted', chain: of.tenant, subject: { id } });
      return {
        result: undefined,
        change: { writes: [replace({ type: 'account', value: deleted })], audit: [audit] },
      };
    });
    return jsonAnswer(200, { id, object: 'organization.project.service_account.deleted', deleted: true });
  };

/** The account, or `not_found`: also one that was deleted. */
export async function readAccount(
  ports: Pick<KeyIssuerPorts, 'tenancy'>,
  of: { readonly tenant: TenantRef; readonly account: AccountRef },
): Promise<ServiceAccount> {
  const account = await ports.tenancy.readAccount(of.tenant, of.account);
  if (account?.status === 'active') return account;
  return refuseUnknown('service account', serviceAccountId(of.tenant, of.account));
}

function accountIn(tenant: TenantRef, id: string): AccountRef | undefined {
  const parsed = parseServiceAccountId(id);
  return parsed?.tenant === tenant ? parsed.account : undefined;
}
