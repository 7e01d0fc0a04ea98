import type { Command } from 'commander';
import { refuseUsage } from '../failure.ts';
import { addGrantChangeOptions, type GrantOptions, grantBody } from '../grant-options.ts';
import { at, type JsonObject, objectsAt } from '../json.ts';
import { answerList } from '../list.ts';
import {
  addExpiryOption,
  addListOptions,
  addRotationOptions,
  defined,
  type ExpiryOptions,
  expiryBody,
  type ListOptions,
  type RotationOptions,
  refuseEmpty,
  rotationBody,
} from '../options.ts';
import { accountPath, keyPath, projectPath, projectPathOfAccount } from '../paths.ts';
import { example, perform } from '../session.ts';
import { type Column, details } from '../table.ts';
import type { World } from '../world.ts';
import { addKeyMakers } from './keys-make.ts';

const COLUMNS: readonly Column[] = [
  ['ID', 'id'],
  ['NAME', 'name'],
  ['ACCOUNT', 'owner.service_account.id'],
  ['STATUS', 'status'],
  ['ACCESS', 'owner_project_access'],
  ['EXPIRES', 'expires_at'],
  ['LAST USED', 'last_used_at'],
];

/** API keys of service accounts. */
export function addKeys(program: Command, world: World): void {
  const keys = program.command('keys').description('API keys: rotating secrets of workloads');
  addKeyMakers(keys, world);
  addKeyReads(keys, world);
  addKeyUpdate(keys, world);
  keys
    .command('revoke <id>')
    .description('end a key at once')
    .option('--cascade', 'its successors too, also those that work already')
    .addHelpText('after', example('bpx keys revoke key_4fJq0c8ZtA9bXk2QmNp7 --cascade'))
    .action(
      perform<{ readonly cascade?: boolean }>(world, async (session, { options, target }) => {
        const query = options.cascade === true ? { cascade: true } : {};
        session.answer(await session.api().delete(keyPath(target), query), details);
      }),
    );
}

type KeyListOptions = ListOptions & { readonly project?: string; readonly account?: string };

function addKeyReads(keys: Command, world: World): void {
  addListOptions(keys.command('list').description("list a tenant's keys, never their text"))
    .option('--project <id>', 'the tenant')
    .option('--account <id>', 'only those of this workload, which names its tenant')
    .addHelpText(
      'after',
      example('bpx keys list --project proj_4fJq0c8ZtA', 'bpx keys list --account svc_4fJq0c8ZtA9bXk2Q'),
    )
    .action(
      perform<KeyListOptions>(world, async (session, { options }) => {
        const path = `${tenantPath(options)}/api_keys`;
        const document = ofAccount(await session.api().list(path, { limit: options.limit }), options.account);
        answerList(session, { document, columns: COLUMNS });
      }),
    );
  keys
    .command('show <id>')
    .description('show what is known of a key: state, last use, predecessor and successor')
    .addHelpText('after', example('bpx keys show key_4fJq0c8ZtA9bXk2QmNp7'))
    .action(
      perform(world, async (session, { target }) => {
        session.answer(await session.api().get(keyPath(target)), details);
      }),
    );
}

/** An account's id names its tenant. */
function tenantPath({ project, account }: KeyListOptions): string {
  if (project !== undefined) return projectPath(project);
  return account === undefined
    ? refuseUsage('Whose? Name a tenant by --project proj_…, or a workload by --account svc_….')
    : projectPathOfAccount(account);
}

/** The API lists a project's keys; which are of one account is told here. */
function ofAccount(document: JsonObject, account: string | undefined): JsonObject {
  if (account === undefined) return document;
  accountPath(account);
  const data = objectsAt(document, 'data').filter((key) => at(key, 'owner.service_account.id') === account);
  return { ...document, data, first_id: data[0]?.['id'] ?? null, last_id: data.at(-1)?.['id'] ?? null };
}

type KeyUpdateOptions = GrantOptions & RotationOptions & ExpiryOptions & { readonly name?: string };

function addKeyUpdate(keys: Command, world: World): void {
  const update = keys.command('update <id>').description('change name, grant, end and renewal of a key');
  addGrantChangeOptions(update).option('--name <name>', 'its new name');
  addRotationOptions(addExpiryOption(update))
    .addHelpText(
      'after',
      example(
        'bpx keys update key_4fJq0c8ZtA9bXk2QmNp7 --allowed-ips 203.0.113.0/24',
        'bpx keys update key_4fJq0c8ZtA9bXk2QmNp7 --allowed-ips none   # as its workload again',
      ),
    )
    .action(
      perform<KeyUpdateOptions>(world, async (session, { options, target }) => {
        const body = refuseEmpty({
          ...defined({ name: options.name }),
          ...grantBody(options),
          ...expiryBody(world, options),
          ...rotationBody(world, options),
        });
        session.answer(await session.api().post(keyPath(target), body), details);
      }),
    );
}
