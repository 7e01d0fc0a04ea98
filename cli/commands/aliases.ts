import { type Command, InvalidArgumentError } from 'commander';
import { refuseUsage } from '../failure.ts';
import { isObject, type JsonObject } from '../json.ts';
import { projectPath } from '../paths.ts';
import { example, perform } from '../session.ts';
import { table } from '../table.ts';
import type { World } from '../world.ts';

type Alias = readonly [name: string, model: string];

/** `gpt-4o=amazon.nova-pro-v1:0`, added to those before it. */
function parseAlias(text: string, before: readonly Alias[] = []): readonly Alias[] {
  const [, name, model] = /^([^=]+)=([^=]+)$/.exec(text) ?? [];
  if (name === undefined || model === undefined) {
    throw new InvalidArgumentError('Write a name, = and the model that it means.');
  }
  if (before.some(([known]) => known === name)) throw new InvalidArgumentError(`Give ${name} once.`);
  return [...before, [name, model]];
}

const aliasesView = ({ aliases }: JsonObject): string =>
  table(
    [
      ['ALIAS', 'alias'],
      ['MODEL', 'model'],
    ],
    Object.entries(isObject(aliases) ? aliases : {}).map(([alias, model]) => ({ alias, model })),
  );

interface SetOptions {
  readonly alias?: readonly Alias[];
  readonly none?: boolean;
}

/** Names of a tenant's own for models. */
export function addAliases(program: Command, world: World): void {
  const aliases = program.command('aliases').description('names of a tenant of its own for models');
  aliases
    .command('get <tenant>')
    .description('show the aliases of a tenant; those of the deployment hold besides')
    .addHelpText('after', example('bpx aliases get proj_4fJq0c8ZtA'))
    .action(
      perform(world, async (session, { target }) => {
        session.answer(await session.api().get(`${projectPath(target)}/model_aliases`), aliasesView);
      }),
    );
  aliases
    .command('set <tenant>')
    .description('replace all aliases of a tenant; they act on the next request')
    .option(
      '--alias <name=model>',
      'a name, and the model or the ARN of the application inference profile that it means; may be repeated',
      parseAlias,
    )
    .option('--none', 'remove all')
    .addHelpText(
      'after',
      example(
        'bpx aliases set proj_4fJq0c8ZtA --alias gpt-4o=amazon.nova-pro-v1:0 --alias gpt-4o-mini=amazon.nova-lite-v1:0',
        'bpx aliases set proj_4fJq0c8ZtA --none',
      ),
    )
    .action(
      perform<SetOptions>(world, async (session, { options, target }) => {
        if ((options.alias === undefined) === (options.none === undefined)) {
          refuseUsage('Give every alias that there is to be by --alias, or --none.');
        }
        const body = { aliases: Object.fromEntries(options.alias ?? []) };
        const path = `${projectPath(target)}/model_aliases`;
        session.answer(await session.api().post(path, body), aliasesView);
      }),
    );
}
