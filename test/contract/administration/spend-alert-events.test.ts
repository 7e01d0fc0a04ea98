/** What spend alerts tell: by the hourly sweep, once a month and threshold. */
import { utcMonth } from '../../../shared/domain/limits.ts';
import { keyWorld } from '../../support/key-world.ts';
import { seededRandom } from '../../support/random.ts';

const PROJECTS = '/organization/projects';
const ALERTS = `${PROJECTS}/{project_id}/spend_alerts`;
const CENT = 10_000_000;
const HOUR_MS = 3_600_000;

async function worldWithAlerts(of: { readonly thresholds: readonly number[]; readonly limits?: object }) {
  const spent = new Map<string, number>();
  const world = keyWorld({
    random: seededRandom('spend-alerts'),
    spentNanoUsd: (atMs) => spent.get(utcMonth(atMs)) ?? 0,
  });
  const body = { name: 'Spender', ...(of.limits !== undefined && { limits: of.limits }) };
  const project_id = (await world.call(`POST ${PROJECTS}`, { body })).body.id;
  const path = { project_id };
  const alerts: string[] = [];
  for (const threshold_amount of of.thresholds) {
    const notification_channel = { type: 'email', recipients: ['team@example.com'] };
    const order = { currency: 'USD', interval: 'month', threshold_amount, notification_channel };
    alerts.push((await world.call(`POST ${ALERTS}`, { path, body: order })).body.id);
  }
  /** What the sweep of an hour later tells, by threshold, where a month's spend is so much by then. */
  const toldAt = async (spentNanoUsd: number, month = '202611') => {
    spent.set(month, spentNanoUsd);
    world.advance(HOUR_MS);
    const before = world.bus.published.length;
    expect((await world.sweep()).failed).toBe(0);
    return world.bus.published.slice(before).map(({ detail }) => Object(detail));
  };
  return { world, path, alerts, toldAt };
}

describe('spend alerts', () => {
  test('tell once a threshold and month, however often the sweep sees them reached', async () => {
    const { path, alerts, toldAt, world } = await worldWithAlerts({ thresholds: [100, 200] });
    expect(await toldAt(100 * CENT - 1)).toEqual([]);
    const told = (index: number, spent_cents: number, month = '202611') =>
      expect.objectContaining({
        ...{ project_id: path.project_id, alert_id: alerts[index], month, currency: 'USD' },
        ...{ threshold_cents: 100 * (index + 1), spent_cents, recipients: ['team@example.com'] },
      });
    expect(await toldAt(100 * CENT)).toEqual([told(0, 100)]);
    expect(await toldAt(150 * CENT)).toEqual([]);
    expect(await toldAt(250 * CENT)).toEqual([told(1, 250)]);
    expect(await toldAt(900 * CENT)).toEqual([]);
    world.goTo(Date.UTC(2026, 11, 1));
    expect(await toldAt(0, '202612')).toEqual([]);
    expect(await toldAt(120 * CENT, '202612')).toEqual([told(0, 120, '202612')]);
    expect(world.bus.published.map(({ type }) => type)).toEqual(Array(3).fill('spend_alert.reached'));
  });

  test('tell in the next month what was spent after the last sweep of a month, and in no other month', async () => {
    const { alerts, toldAt, world } = await worldWithAlerts({ thresholds: [100] });
    world.goTo(Date.UTC(2026, 10, 30, 23, 5));
    expect(await toldAt(100 * CENT)).toEqual([
      expect.objectContaining({ alert_id: alerts[0], month: '202611', spent_cents: 100 }),
    ]);
    expect(await toldAt(5 * CENT, '202612')).toEqual([]);
  });

  test('tell all the same where the spend limit is in shadow, and where there is none', async () => {
    for (const limits of [{ usd_per_month: 1, shadow: ['usd_per_month'] }, {}]) {
      const { toldAt, alerts } = await worldWithAlerts({ thresholds: [150], limits });
      expect(await toldAt(200 * CENT)).toEqual([expect.objectContaining({ alert_id: alerts[0] })]);
      expect(await toldAt(400 * CENT)).toEqual([]);
    }
  });
});
