import * as z from 'zod/mini';
import { decideAndCommit } from '../../shared/decide-and-commit.ts';
import type { AuditType } from '../../shared/domain/audit.ts';
import { insert, replace, type Write } from '../../shared/domain/change.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import {
  type AlertRef,
  newAlertRef,
  projectId,
  spendAlertId,
  type TenantRef,
} from '../../shared/domain/ids.ts';
import { NANO_USD_A_CENT, NANO_USD_MAX } from '../../shared/domain/money.ts';
import type { SpendAlert } from '../../shared/domain/tenancy.ts';
import { parseBody } from '../../shared/http/body-schema.ts';
import { wholeListBody } from '../../shared/http/cursor-page.ts';
import { type GatewayRequest, jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import { auditsOf } from './audit.ts';
import { archived, readActiveTenant, readTenant } from './change-tenant.ts';
import { integerField, printableField } from './field-schemas.ts';
import { rememberOf } from './idempotency.ts';
import { alertOf, refuseUnknown, tenantOf } from './path-ids.ts';
import type { KeyIssuerPorts } from './ports.ts';
import { spendAlertObject } from './wire.ts';

/** The sweep reads every project's alerts each time. */
const ALERTS_MAX = 10;
const RECIPIENTS_MAX = 10;

/** What an address looks like, to refuse slips: whether anybody reads it shows only when something is sent. */
const emailField = z
  .string()
  .check(
    z.maxLength(254, 'an address has at most 254 characters.'),
    z.regex(/^[!-?A-~]{1,64}@([A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}$/, 'write an e-mail address.'),
  );

export const alertBody = z.strictObject({
  currency: z.literal('USD'),
  interval: z.literal('month'),
  threshold_amount: integerField(1, NANO_USD_MAX / NANO_USD_A_CENT),
  notification_channel: z.strictObject({
    type: z.literal('email'),
    recipients: z.array(emailField).check(
      z.minLength(1, 'name at least one recipient.'),
      z.maxLength(RECIPIENTS_MAX, `name at most ${RECIPIENTS_MAX} recipients.`),
      z.refine(
        (all) => new Set(all.map((one) => one.toLowerCase())).size === all.length,
        'name each recipient once.',
      ),
    ),
    subject_prefix: z.nullish(printableField(100)),
  }),
});

/**
 * `POST /organization/projects/{project_id}/spend_alerts`: at most 10 a project, and none that is there already (409
 * either way): the same people would be told the same twice.
 */
export const createSpendAlert =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const ref = tenantOf(request);
    const body = parseBody(alertBody, request.body);
    const alert = await decideAndCommit(ports.tenancy, async () => {
      // The tenant is read first and its revision rises, so that of two that take the last place one decides again.
      const tenant = await readActiveTenant(ports, ref);
      const remember = await rememberOf(ports, { request, tenant: ref, secret: 'none' });
      const there = await alertsOf(ports, ref);
      refuseRepeated(body, there);
      if (there.length >= ALERTS_MAX) throw tooMany();
      const created: SpendAlert = {
        tenant: ref,
        ref: newAlertRef(ports.random),
        ...factsOf(body),
        createdAtMs: request.receivedAtMs,
        revision: 1,
      };
      const writes: readonly Write[] = [
        replace({ type: 'tenant', value: { ...tenant, revision: tenant.revision + 1 } }),
        insert({ type: 'alert', value: created }),
        ...remember(spendAlertId(ref, created.ref)),
      ];
      const audit = [auditOf(request, { type: 'project.spend_alert.created', alert: created })];
      return { result: created, change: { writes, audit } };
    });
    return jsonAnswer(200, spendAlertObject(alert));
  };

const tooMany = (): GatewayError =>
  new GatewayError(
    'conflict',
    `A project has at most ${ALERTS_MAX} spend alerts. Delete or change one of them.`,
  );

/** Whoever they name first: an alert of the same threshold, recipients and prefix tells nobody anything more. */
function refuseRepeated(body: z.infer<typeof alertBody>, there: readonly SpendAlert[]): void {
  const wanted = sameAs(factsOf(body));
  const same = there.find((alert) => sameAs(alert) === wanted);
  if (same === undefined) return;
  throw new GatewayError(
    'conflict',
    `There is already such a spend alert (${spendAlertId(same.tenant, same.ref)}). Change that one, or leave it.`,
  );
}

/** What two alerts have in common that tell the same people of the same. */
const sameAs = (alert: Pick<SpendAlert, 'thresholdNanoUsd' | 'recipients' | 'subjectPrefix'>): string =>
  JSON.stringify([
    alert.thresholdNanoUsd,
    alert.recipients.map((one) => one.toLowerCase()).toSorted(),
    alert.subjectPrefix ?? null,
  ]);

const factsOf = ({ threshold_amount, notification_channel }: z.infer<typeof alertBody>) => ({
  thresholdNanoUsd: threshold_amount * NANO_USD_A_CENT,
  recipients: notification_channel.recipients,
  ...(typeof notification_channel.subject_prefix === 'string' && {
    subjectPrefix: notification_channel.subject_prefix,
  }),
});

/** `GET …/spend_alerts`, oldest first unless `order` says otherwise. */
export const listSpendAlerts =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const tenant = tenantOf(request);
    await readTenant(ports, tenant);
    const oldestFirst = (await alertsOf(ports, tenant)).map(spendAlertObject);
    return jsonAnswer(200, wholeListBody(request, { oldestFirst, parameters: ['before', 'order'] }));
  };

/** `GET …/spend_alerts/{alert_id}`. */
export const retrieveSpendAlert =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) =>
    jsonAnswer(200, spendAlertObject(await readAlert(ports, alertOf(request))));

/** `POST …/spend_alerts/{alert_id}`: replaces it whole, as OpenAI's does. */
export const updateSpendAlert =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const of = alertOf(request);
    const body = parseBody(alertBody, request.body);
    const updated = await decideAndCommit(ports.tenancy, async () => {
      const { tenant, ref, createdAtMs, revision } = await readAlert(ports, of);
      const next: SpendAlert = { tenant, ref, ...factsOf(body), createdAtMs, revision: revision + 1 };
      return {
        result: next,
        ...changeOf(request, {
          type: 'project.spend_alert.updated',
          alert: next,
          write: replace({ type: 'alert', value: next }),
        }),
      };
    });
    return jsonAnswer(200, spendAlertObject(updated));
  };

/** `DELETE …/spend_alerts/{alert_id}`: gone, so that a repeat gets 404. */
export const deleteSpendAlert =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const of = alertOf(request);
    await decideAndCommit(ports.tenancy, async () => {
      const alert = await readAlert(ports, of);
      const write: Write = { op: 'remove', entity: { type: 'alert', value: alert } };
      return {
        result: undefined,
        ...changeOf(request, { type: 'project.spend_alert.deleted', alert, write }),
      };
    });
    const id = spendAlertId(of.tenant, of.alert);
    return jsonAnswer(200, { id, object: 'project.spend_alert.deleted', deleted: true });
  };

type AlertAuditType = Extract<AuditType, `project.spend_alert.${string}`>;

/** A change of one alert, in a project that is active. */
function changeOf(
  request: GatewayRequest,
  of: { readonly type: AlertAuditType; readonly alert: SpendAlert; readonly write: Write },
) {
  const active: Write = { op: 'require-active', tenant: of.alert.tenant };
  return {
    change: { writes: [active, of.write], audit: [auditOf(request, of)] },
    refusal: (write: Write) => (write.op === 'require-active' ? archived() : undefined),
  };
}

/** The recipients are counted, not named: the log is kept for years, and they are people. */
const auditOf = (
  request: GatewayRequest,
  of: { readonly type: AlertAuditType; readonly alert: SpendAlert },
) =>
  auditsOf(request)({
    type: of.type,
    chain: of.alert.tenant,
    step: of.alert.revision,
    subject: {
      id: spendAlertId(of.alert.tenant, of.alert.ref),
      project_id: projectId(of.alert.tenant),
      ...(of.type !== 'project.spend_alert.deleted' && {
        threshold_amount: of.alert.thresholdNanoUsd / NANO_USD_A_CENT,
        recipients: of.alert.recipients.length,
      }),
    },
  });

/** All of a tenant's alerts, oldest first. */
async function alertsOf(
  ports: Pick<KeyIssuerPorts, 'tenancy'>,
  tenant: TenantRef,
): Promise<readonly SpendAlert[]> {
  const { items } = await ports.tenancy.listAlerts(tenant, { limit: ALERTS_MAX });
  return items.toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.ref < b.ref ? -1 : 1));
}

/** The alert, or `not_found`. */
async function readAlert(
  ports: Pick<KeyIssuerPorts, 'tenancy'>,
  of: { readonly tenant: TenantRef; readonly alert: AlertRef },
): Promise<SpendAlert> {
  const id = spendAlertId(of.tenant, of.alert);
  return (await ports.tenancy.readAlert(of.tenant, of.alert)) ?? refuseUnknown('spend alert', id);
}
