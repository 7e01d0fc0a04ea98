import { type Command, InvalidArgumentError } from 'commander';
import { at, type JsonObject } from '../json.ts';
import { answerList } from '../list.ts';
import {
  addCreateOptions,
  addListOptions,
  type CreateOptions,
  defined,
  idempotencyKeyOf,
  type ListOptions,
  parseList,
  parseUsd,
  refuseEmpty,
} from '../options.ts';
import { alertPath, projectPath } from '../paths.ts';
import { example, perform } from '../session.ts';
import { type Column, cell, details } from '../table.ts';
import type { World } from '../world.ts';

const COLUMNS: readonly Column[] = [
  ['ID', 'id'],
  ['USD/MONTH', (alert) => cell('', usdOf(alert))],
  ['RECIPIENTS', 'notification_channel.recipients'],
];

/** The API has cents. */
const usdOf = ({ threshold_amount: cents }: JsonObject): number | null =>
  typeof cents === 'number' ? cents / 100 : null;

/** In dollars, as it was typed. */
const alertView = (alert: JsonObject): string =>
  details({
    id: alert['id'],
    usd_per_month: usdOf(alert),
    recipients: at(alert, 'notification_channel.recipients'),
    subject_prefix: at(alert, 'notification_channel.subject_prefix'),
  });

/** An amount of US dollars in whole cents, which is what an alert has: another would become one that was not typed. */
function parseCents(text: string): number {
  const cents = Math.round(parseUsd(text) * 100);
  if (/^\d+(\.\d{1,2}0*)?$/.test(text)) return cents;
  throw new InvalidArgumentError('Write whole cents, at least one: 0.01.');
}

interface ProjectOption {
  readonly project: string;
}

interface AlertOptions extends ProjectOption, CreateOptions {
  /** In cents. */
  readonly usd: number;
  readonly email: readonly string[];
}

/** Alerts of spend: they tell, and stop nothing. */
export function addAlerts(program: Command, world: World): void {
  const alerts = program
    .command('alerts')
    .description('tell somebody when a tenant has spent an amount in a month');
  addListOptions(alerts.command('list').description('list the alerts of a tenant'))
    .requiredOption('--project <id>', 'the tenant')
    .addHelpText('after', example('bpx alerts list --project proj_4fJq0c8ZtA'))
    .action(
      perform<ListOptions & ProjectOption>(world, async (session, { options }) => {
        const path = `${projectPath(options.project)}/spend_alerts`;
        answerList(session, {
          document: await session.api().list(path, { limit: options.limit }),
          columns: COLUMNS,
        });
      }),
    );
  addCreateOptions(alerts.command('create').description('make an alert'))
    .requiredOption('--project <id>', 'the tenant')
    .requiredOption('--usd <amount>', 'US dollars in a UTC month', parseCents)
    .requiredOption('--email <list>', 'whom to tell', parseList)
    .addHelpText(
      'after',
      example('bpx alerts create --project proj_4fJq0c8ZtA --usd 400 --email ops@example.com'),
    )
    .action(
      perform<AlertOptions>(world, async (session, { options }) => {
        const body = {
          currency: 'USD',
          interval: 'month',
          threshold_amount: options.usd,
          notification_channel: { type: 'email', recipients: options.email },
        };
        const path = `${projectPath(options.project)}/spend_alerts`;
        const idempotencyKey = idempotencyKeyOf(world, options);
        session.answer(await session.api().create(path, { body, idempotencyKey }), alertView);
      }),
    );
  addAlertUpdate(alerts, world);
  alerts
    .command('delete <id>')
    .description('remove an alert')
    .addHelpText('after', example('bpx alerts delete alert_4fJq0c8ZtA9bXk2QmNp7'))
    .action(
      perform(world, async (session, { target }) => {
        session.answer(await session.api().delete(alertPath(target)), details);
      }),
    );
}

/** The API replaces an alert whole, so that what was not typed is taken from the one that is there. */
function addAlertUpdate(alerts: Command, world: World): void {
  alerts
    .command('update <id>')
    .description('change the amount of an alert, or whom it tells')
    .option('--usd <amount>', 'US dollars in a UTC month', parseCents)
    .option('--email <list>', 'whom to tell, instead of those of before', parseList)
    .addHelpText('after', example('bpx alerts update alert_4fJq0c8ZtA9bXk2QmNp7 --usd 500'))
    .action(
      perform<Partial<Pick<AlertOptions, 'usd' | 'email'>>>(world, async (session, { options, target }) => {
        const path = alertPath(target);
        const changes = refuseEmpty(defined({ usd: options.usd, email: options.email }));
        const api = session.api();
        const before = await api.get(path);
        const body = {
          currency: 'USD',
          interval: 'month',
          threshold_amount: changes['usd'] ?? before['threshold_amount'],
          notification_channel: {
            type: 'email',
            recipients: changes['email'] ?? at(before, 'notification_channel.recipients'),
            ...defined({ subject_prefix: at(before, 'notification_channel.subject_prefix') }),
          },
        };
        session.answer(await api.post(path, body), alertView);
      }),
    );
}
