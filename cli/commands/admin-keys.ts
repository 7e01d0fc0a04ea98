import type { Command } from 'commander';
import { addConfirmOption, type ConfirmOptions, confirm } from '../confirm.ts';
import { answerList } from '../list.ts';
import { addOutOption, answerNewKey, type OutOptions } from '../new-key.ts';
import {
  addCreateOptions,
  addExpiryOption,
  addListOptions,
  type CreateOptions,
  defined,
  type ExpiryOptions,
  expiryBody,
  idempotencyKeyOf,
  type ListOptions,
  parseList,
} from '../options.ts';
import { ADMIN_KEYS, adminKeyPath } from '../paths.ts';
import { example, perform } from '../session.ts';
import { type Column, details } from '../table.ts';
import type { World } from '../world.ts';

const COLUMNS: readonly Column[] = [
  ['ID', 'id'],
  ['NAME', 'name'],
  ['SCOPES', 'scopes'],
  ['EXPIRES', 'expires_at'],
];

type AdminKeyOptions = CreateOptions & OutOptions & ExpiryOptions & { readonly scopes?: readonly string[] };

/** Credentials of the administration plane itself. */
export function addAdminKeys(program: Command, world: World): void {
  const keys = program
    .command('admin-keys')
    .description('keys of the Administration API; they always expire');
  addListOptions(keys.command('list').description('list the admin keys, never their text'))
    .addHelpText('after', example('bpx admin-keys list'))
    .action(
      perform<ListOptions>(world, async (session, { options }) => {
        const document = await session.api().list(ADMIN_KEYS, { limit: options.limit });
        answerList(session, { document, columns: COLUMNS });
      }),
    );
  keys
    .command('show <id>')
    .description('show what is known of an admin key, never its text')
    .addHelpText('after', example('bpx admin-keys show key_0000000000mNp7Tz3w0a'))
    .action(
      perform(world, async (session, { target }) => {
        session.answer(await session.api().get(adminKeyPath(target)), details);
      }),
    );
  addAdminKeyCreate(keys, world);
  addAdminKeyRevoke(keys, world);
}

function addAdminKeyCreate(keys: Command, world: World): void {
  const create = keys
    .command('create <name>')
    .description("make an admin key, which neither exceeds nor outlives the caller's")
    .option('--scopes <list>', 'what it may do, such as usage:read,audit:read', parseList);
  addOutOption(addCreateOptions(addExpiryOption(create)))
    .addHelpText(
      'after',
      example('bpx admin-keys create billing --scopes usage:read --expires-in 8h --out billing.key'),
    )
    .action(
      perform<AdminKeyOptions>(world, async (session, { options, target }) => {
        const body = { name: target, ...defined({ scopes: options.scopes }), ...expiryBody(world, options) };
        const idempotencyKey = idempotencyKeyOf(world, options);
        const api = session.api();
        await answerNewKey(session, {
          options,
          call: () => api.create(ADMIN_KEYS, { body, idempotencyKey }),
        });
      }),
    );
}

/** Where the recovery needs no admin key: docs/operations.md, the first deploy. */
const RECOVERY = `npx serverless invoke --stage <stage> -f keyIssuer -d '{"action":"create-admin-key","expiresInDays":1}'`;

function addAdminKeyRevoke(keys: Command, world: World): void {
  addConfirmOption(
    keys.command('revoke <id>').description('end an admin key, and those that were made with it'),
    'it is meant, though it is the key in use',
  )
    .addHelpText('after', example('bpx admin-keys revoke key_0000000000mNp7Tz3w0a'))
    .action(
      perform<ConfirmOptions>(world, async (session, { options, target }) => {
        const path = adminKeyPath(target);
        if (session.ownKeyId() === target) {
          confirm(options, {
            consequence: `${target} is the key of this very command. This ends it for ever, with every key that was made with it. If no other admin key is left, a new one comes by direct invocation alone (docs/operations.md):\n  ${RECOVERY}`,
            command: `bpx admin-keys revoke ${target}`,
          });
        }
        session.answer(await session.api().delete(path), details);
      }),
    );
}
