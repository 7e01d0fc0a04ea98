import type { Command } from 'commander';
import { refuseUsage } from '../failure.ts';
import { addGrantChangeOptions, addGrantOptions, type GrantOptions, grantBody } from '../grant-options.ts';
import { addLimitOptions, type LimitOptions, limitsBody } from '../limit-options.ts';
import { answerList } from '../list.ts';
import { addOutOption, answerNewKey, type OutOptions } from '../new-key.ts';
import {
  addCreateOptions,
  addDeliveryOptions,
  addExpiryOption,
  addListOptions,
  addRotationOptions,
  type CreateOptions,
  type DeliveryOptions,
  defined,
  deliveryBody,
  type ExpiryOptions,
  expiryBody,
  idempotencyKeyOf,
  type ListOptions,
  type RotationOptions,
  refuseEmpty,
  rotationBody,
  unlessEmpty,
} from '../options.ts';
import { accountPath, projectPath } from '../paths.ts';
import { example, perform } from '../session.ts';
import { type Column, details } from '../table.ts';
import type { World } from '../world.ts';

const COLUMNS: readonly Column[] = [
  ['ID', 'id'],
  ['NAME', 'name'],
  ['ROLE', 'role'],
  ['LEVEL', 'level'],
  ['SCOPES', 'scopes'],
  ['CREATED', 'created_at'],
];

interface ProjectOption {
  readonly project: string;
}

/** Service accounts: the workloads of a tenant. */
export function addAccounts(program: Command, world: World): void {
  const accounts = program
    .command('accounts')
    .description('workloads of a tenant; they stay the same through every rotation of their keys');
  addAccountReads(accounts, world);
  addAccountCreate(accounts, world);
  addGrantChangeOptions(
    accounts.command('update <id>').description('change what all keys of a workload may do'),
  )
    .option('--name <name>', 'its new name')
    .option('--role <role>', 'member: its keys work')
    .addHelpText(
      'after',
      example(
        'bpx accounts update svc_4fJq0c8ZtA9bXk2Q --models "amazon.nova-*"',
        'bpx accounts update svc_4fJq0c8ZtA9bXk2Q --models none   # every model of the tenant again',
      ),
    )
    .action(
      perform<GrantOptions & { readonly name?: string; readonly role?: string }>(
        world,
        async (session, { options, target }) => {
          const { name, role } = options;
          const body = refuseEmpty({ ...defined({ name, role }), ...grantBody(options) });
          session.answer(await session.api().post(accountPath(target), body), details);
        },
      ),
    );
  accounts
    .command('delete <id>')
    .description('end a workload: all its keys stop at once')
    .addHelpText('after', example('bpx accounts delete svc_4fJq0c8ZtA9bXk2Q'))
    .action(
      perform(world, async (session, { target }) => {
        session.answer(await session.api().delete(accountPath(target)), details);
      }),
    );
}

function addAccountReads(accounts: Command, world: World): void {
  addListOptions(accounts.command('list').description('list the workloads of a tenant'))
    .requiredOption('--project <id>', 'the tenant')
    .addHelpText('after', example('bpx accounts list --project proj_4fJq0c8ZtA'))
    .action(
      perform<ListOptions & ProjectOption>(world, async (session, { options }) => {
        const path = `${projectPath(options.project)}/service_accounts`;
        const document = await session.api().list(path, { limit: options.limit });
        answerList(session, { document, columns: COLUMNS });
      }),
    );
  accounts
    .command('show <id>')
    .description('show a workload, what it may do, and its limits')
    .addHelpText('after', example('bpx accounts show svc_4fJq0c8ZtA9bXk2Q'))
    .action(
      perform(world, async (session, { target }) => {
        session.answer(await session.api().get(accountPath(target)), details);
      }),
    );
}

type AccountCreateOptions = ProjectOption &
  CreateOptions &
  OutOptions &
  GrantOptions &
  LimitOptions &
  DeliveryOptions &
  RotationOptions &
  ExpiryOptions & { readonly key: boolean };

function addAccountCreate(accounts: Command, world: World): void {
  const create = accounts
    .command('create <name>')
    .description('make a workload and its first key')
    .requiredOption('--project <id>', 'the tenant')
    .option('--no-key', 'without a key; before it can have one: bpx accounts update <id> --role member');
  addGrantOptions(create);
  addLimitOptions(create);
  addExpiryOption(create);
  addDeliveryOptions(create);
  addRotationOptions(create);
  addOutOption(addCreateOptions(create))
    .addHelpText(
      'after',
      example(
        'bpx accounts create indexer --project proj_4fJq0c8ZtA --scopes chat.completions:write,models:read --out indexer.key',
        'bpx accounts create web --project proj_4fJq0c8ZtA --delivery claim --usd-per-month 50',
      ),
    )
    .action(
      perform<AccountCreateOptions>(world, async (session, { options, target }) => {
        if (!options.key && options.out !== undefined) {
          refuseUsage('With --no-key there is no key for the file of --out. Leave one of them out.');
        }
        const path = `${projectPath(options.project)}/service_accounts`;
        const body = {
          name: target,
          ...(!options.key && { create_service_account_only: true }),
          ...grantBody(options),
          ...unlessEmpty('limits', limitsBody(options)),
          ...expiryBody(world, options),
          ...deliveryBody(world, options),
          ...rotationBody(world, options),
        };
        const idempotencyKey = idempotencyKeyOf(world, options);
        const api = session.api();
        const call = () => api.create(path, { body, idempotencyKey });
        if (options.key) await answerNewKey(session, { options, call });
        else session.answer(await call(), details);
      }),
    );
}
