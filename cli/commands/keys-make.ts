/** The commands that end with a key, or with the way to one. */
import type { Command } from 'commander';
import { claimTarget } from '../claim-target.ts';
import { refuseUsage } from '../failure.ts';
import { addGrantOptions, type GrantOptions, grantBody } from '../grant-options.ts';
import { addOutOption, answerNewKey, type OutOptions } from '../new-key.ts';
import {
  addCreateOptions,
  addDeliveryOptions,
  addExpiryOption,
  addRotationOptions,
  type CreateOptions,
  type DeliveryOptions,
  defined,
  deliveryBody,
  type ExpiryOptions,
  expiryBody,
  idempotencyKeyOf,
  type RotationOptions,
  rotationBody,
  wholeSeconds,
} from '../options.ts';
import { accountPath, keyPath } from '../paths.ts';
import { example, perform } from '../session.ts';
import { parseDuration } from '../time.ts';
import type { World } from '../world.ts';

export function addKeyMakers(keys: Command, world: World): void {
  addIssue(keys, world);
  addRotate(keys, world);
  addClaim(keys, world);
}

type IssueOptions = CreateOptions &
  OutOptions &
  GrantOptions &
  DeliveryOptions &
  RotationOptions &
  ExpiryOptions & { readonly account: string; readonly name?: string };

function addIssue(keys: Command, world: World): void {
  const issue = keys
    .command('issue')
    .description('make one more key of a workload')
    .requiredOption('--account <id>', 'the workload')
    .option('--name <name>', "its name (default: the workload's)");
  addGrantOptions(issue);
  addExpiryOption(issue);
  addDeliveryOptions(issue);
  addRotationOptions(issue);
  addOutOption(addCreateOptions(issue))
    .addHelpText(
      'after',
      example(
        'bpx keys issue --account svc_4fJq0c8ZtA9bXk2Q --expires-in 30d --out worker.key',
        'bpx keys issue --account svc_4fJq0c8ZtA9bXk2Q --delivery jwe --jwk worker.public.jwk',
      ),
    )
    .action(
      perform<IssueOptions>(world, async (session, { options }) => {
        const path = `${accountPath(options.account)}/api_keys`;
        const body = {
          ...defined({ name: options.name }),
          ...grantBody(options),
          ...expiryBody(world, options),
          ...deliveryBody(world, options),
          ...rotationBody(world, options),
        };
        const idempotencyKey = idempotencyKeyOf(world, options);
        const api = session.api();
        const call = () => api.create(path, { body, idempotencyKey });
        await answerNewKey(session, { options, call });
      }),
    );
}

type RotateOptions = CreateOptions & OutOptions & DeliveryOptions & { readonly overlap?: number };

function addRotate(keys: Command, world: World): void {
  const rotate = keys
    .command('rotate <id>')
    .description('make a successor now; both keys work until the old one ends')
    .option(
      '--overlap <duration>',
      'how long the old key works on, 0 for not at all (default: its --rotation-overlap, or to its end)',
      parseDuration,
    );
  addDeliveryOptions(rotate);
  addOutOption(addCreateOptions(rotate))
    .addHelpText('after', example('bpx keys rotate key_4fJq0c8ZtA9bXk2QmNp7 --overlap 2d --out worker.key'))
    .action(
      perform<RotateOptions>(world, async (session, { options, target }) => {
        const body = {
          ...defined({ overlap_seconds: wholeSeconds(options.overlap) }),
          ...deliveryBody(world, options),
        };
        const idempotencyKey = idempotencyKeyOf(world, options);
        const path = `${keyPath(target)}/rotate`;
        const api = session.api();
        await answerNewKey(session, { options, call: () => api.create(path, { body, idempotencyKey }) });
      }),
    );
}

function addClaim(keys: Command, world: World): void {
  addOutOption(
    keys.command('claim <link>').description('take the key that a claim link holds; needs no admin key'),
  )
    .addHelpText(
      'after',
      example(
        "bpx keys claim 'https://gateway.example.com/v1/api_keys/claim#bpc_live_…' --out worker.key",
        'bpx keys claim - < link.txt   # so that other users of this machine do not see the link',
      ),
    )
    .action(
      perform<OutOptions>(world, async (session, { options, target }) => {
        const text = target === '-' ? await world.readStdin() : target;
        const { baseUrl, token } =
          claimTarget(text) ?? refuseUsage('That is no claim link and no token of one.');
        const api = session.openApi(baseUrl);
        await answerNewKey(session, { options, call: () => api.claim(token) });
      }),
    );
  addOutOption(
    keys.command('claim-link <id>').description('make another link to a key that waits to be claimed'),
  )
    .addHelpText('after', example('bpx keys claim-link key_4fJq0c8ZtA9bXk2QmNp7'))
    .action(
      perform<OutOptions>(world, async (session, { options, target }) => {
        const path = `${keyPath(target)}/claim_link`;
        const api = session.api();
        await answerNewKey(session, { options, call: () => api.post(path, {}) });
      }),
    );
}
