/** Spend alerts: a threshold that a month's committed spend has reached is told of once. */
import { SPEND_MARGIN_MS } from '../../shared/domain/counter.ts';
import { projectId, spendAlertId, type TenantRef } from '../../shared/domain/ids.ts';
import { utcMonth } from '../../shared/domain/limits.ts';
import { NANO_USD_A_CENT } from '../../shared/domain/money.ts';
import type { OutboxMessage } from '../../shared/domain/outbox.ts';
import { DAY_MS, type SpendAlert } from '../../shared/domain/tenancy.ts';
import { record } from '../../shared/keys/messages.ts';
import type { KeyRotationPorts } from './ports.ts';

/** More than a tenant may have. */
const ALERTS_MAX = 100;
/** Longer than the month that it is about. */
const REMEMBERED_MS = 40 * DAY_MS;

/**
 * Records the alerts that were reached and not told of yet; returns how many. What was spent after a month's last sweep
 * is judged by the first ones of the next, while the counter of the month is still kept.
 */
export async function sweepAlerts(
  ports: KeyRotationPorts,
  of: { readonly tenant: TenantRef; readonly nowMs: number },
): Promise<number> {
  const { items } = await ports.tenancy.listAlerts(of.tenant, { limit: ALERTS_MAX });
  if (items.length === 0) return 0;
  let recorded = 0;
  for (const spentAtMs of monthsAt(of.nowMs)) {
    const { nanoUsd } = await ports.limits.readSpend(of.tenant, spentAtMs);
    const reached = items.filter((alert) => nanoUsd >= alert.thresholdNanoUsd);
    const told = await Promise.all(
      reached.map((alert) => record(ports, messageOf(alert, { ...of, spentAtMs, spentNanoUsd: nanoUsd }))),
    );
    recorded += told.filter(Boolean).length;
  }
  return recorded;
}

/** An instant of each month whose spend is judged now, the earlier one first. */
const monthsAt = (nowMs: number): readonly number[] => {
  const earlierMs = nowMs - SPEND_MARGIN_MS;
  return utcMonth(earlierMs) === utcMonth(nowMs) ? [nowMs] : [earlierMs, nowMs];
};

/** A threshold that is moved is another alert: it is told of again. */
const messageOf = (
  alert: SpendAlert,
  of: { readonly nowMs: number; readonly spentAtMs: number; readonly spentNanoUsd: number },
): OutboxMessage => ({
  tenant: alert.tenant,
  id: `spend_alert.reached:${spendAlertId(alert.tenant, alert.ref)}:${utcMonth(of.spentAtMs)}:${alert.thresholdNanoUsd}`,
  type: 'spend_alert.reached',
  createdAtMs: of.nowMs,
  state: 'pending',
  detail: {
    project_id: projectId(alert.tenant),
    alert_id: spendAlertId(alert.tenant, alert.ref),
    month: utcMonth(of.spentAtMs),
    currency: 'USD',
    threshold_cents: Math.round(alert.thresholdNanoUsd / NANO_USD_A_CENT),
    spent_cents: Math.floor(of.spentNanoUsd / NANO_USD_A_CENT),
    recipients: alert.recipients,
    ...(alert.subjectPrefix !== undefined && { subject_prefix: alert.subjectPrefix }),
  },
  forgetAtMs: of.nowMs + REMEMBERED_MS,
  revision: 1,
});
