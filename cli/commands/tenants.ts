import type { Command } from 'commander';
import { addConfirmOption, type ConfirmOptions, confirm } from '../confirm.ts';
import { addTenantLimitOptions, limitsBody, type TenantLimitOptions } from '../limit-options.ts';
import { answerList } from '../list.ts';
import {
  addCreateOptions,
  addListOptions,
  type CreateOptions,
  defined,
  idempotencyKeyOf,
  type ListOptions,
  refuseEmpty,
  unlessEmpty,
} from '../options.ts';
import { PROJECTS, projectPath } from '../paths.ts';
import { example, perform } from '../session.ts';
import { type Column, details } from '../table.ts';
import type { World } from '../world.ts';

const COLUMNS: readonly Column[] = [
  ['ID', 'id'],
  ['NAME', 'name'],
  ['STATUS', 'status'],
  ['CREATED', 'created_at'],
];

/** Tenants: OpenAI calls them projects. */
export function addTenants(program: Command, world: World): void {
  const tenants = program
    .command('tenants')
    .description('customers or teams, each with its own keys, limits and bill');
  addTenantReads(tenants, world);
  addTenantLimitOptions(addCreateOptions(tenants.command('create <name>').description('make a tenant')))
    .addHelpText(
      'after',
      example('bpx tenants create search-team --usd-per-month 500 --tokens-per-minute 200000'),
    )
    .action(
      perform<CreateOptions & TenantLimitOptions>(world, async (session, { options, target }) => {
        const body = { name: target, ...unlessEmpty('limits', limitsBody(options)) };
        const idempotencyKey = idempotencyKeyOf(world, options);
        session.answer(await session.api().create(PROJECTS, { body, idempotencyKey }), details);
      }),
    );
  tenants
    .command('update <id>')
    .description('change a tenant itself (its limits: bpx limits set)')
    .option('--name <name>', 'its new name')
    .option('--show-cost', 'answers to its keys say what they cost')
    .option('--no-show-cost', 'they say it only where a request asks')
    .addHelpText('after', example('bpx tenants update proj_4fJq0c8ZtA --name search'))
    .action(
      perform<{ readonly name?: string; readonly showCost?: boolean }>(
        world,
        async (session, { options, target }) => {
          const body = refuseEmpty(defined({ name: options.name, show_cost: options.showCost }));
          session.answer(await session.api().post(projectPath(target), body), details);
        },
      ),
    );
  addConfirmOption(
    tenants.command('archive <id>').description('end a tenant for ever: all its keys stop at once'),
    'it is meant; without it nothing is done',
  )
    .addHelpText('after', example('bpx tenants archive proj_4fJq0c8ZtA --yes'))
    .action(
      perform<ConfirmOptions>(world, async (session, { options, target }) => {
        const path = `${projectPath(target)}/archive`;
        confirm(options, {
          consequence: `This ends ${target} for ever: all its keys stop at once, and an archived tenant cannot be brought back.`,
          command: `bpx tenants archive ${target}`,
        });
        session.answer(await session.api().post(path, {}), details);
      }),
    );
}

interface TenantListOptions extends ListOptions {
  readonly archived?: boolean;
}

function addTenantReads(tenants: Command, world: World): void {
  addListOptions(tenants.command('list').description('list tenants, oldest first'))
    .option('--archived', 'archived ones too')
    .addHelpText('after', example('bpx tenants list', 'bpx tenants list --archived --json'))
    .action(
      perform<TenantListOptions>(world, async (session, { options }) => {
        const query = options.archived === true ? { include_archived: true } : {};
        const document = await session.api().list(PROJECTS, { limit: options.limit, query });
        answerList(session, { document, columns: COLUMNS });
      }),
    );
  tenants
    .command('show <id>')
    .description('show a tenant and its limits')
    .addHelpText('after', example('bpx tenants show proj_4fJq0c8ZtA'))
    .action(
      perform(world, async (session, { target }) => {
        session.answer(await session.api().get(projectPath(target)), details);
      }),
    );
}
