/** One run of one command: what it may ask, and how it answers. */
import type { Command } from 'commander';
import { type Api, createApi } from './api.ts';
import { type DeploymentOptions, findDeployment, keyIdOf, requireKey } from './deployment.ts';
import type { JsonObject } from './json.ts';
import type { World } from './world.ts';

export interface GlobalOptions extends DeploymentOptions {
  readonly json?: boolean;
}

export interface Session {
  readonly world: World;
  /** The API, with the admin key. */
  api(): Api;
  /** The id of the admin key; undefined where its text is none that this product makes. */
  ownKeyId(): string | undefined;
  /** The API as whoever has no key sees it. */
  openApi(baseUrl?: string): Api;
  /** The answer: the document itself with --json, what `human` makes of it else. */
  answer(document: JsonObject, human: (document: JsonObject) => string): void;
  /** Something to know beside the answer. */
  say(message: string): void;
}

export function startSession(world: World, options: GlobalOptions): Session {
  return {
    world,
    api: () => createApi(world, requireKey(findDeployment(world, options))),
    ownKeyId: () => keyIdOf(requireKey(findDeployment(world, options))),
    openApi: (baseUrl = findDeployment(world, options).baseUrl) =>
      createApi(world, { baseUrl, adminKey: undefined, keySource: 'nowhere' }),
    answer: (document, human) => {
      world.stdout.write(options.json === true ? `${JSON.stringify(document, null, 2)}\n` : human(document));
    },
    say: (message) => {
      world.stderr.write(`${message}\n`);
    },
  };
}

/** What a command is called with. */
export interface Call<Options> {
  readonly options: Options;
  /** Its one argument; empty where it takes none. */
  readonly target: string;
}

/** The action of a command. `Options` must be those that it declares. */
export function perform<Options>(
  world: World,
  work: (session: Session, call: Call<Options>) => Promise<void>,
): (this: Command) => Promise<void> {
  return async function act(this: Command) {
    const options = this.optsWithGlobals<GlobalOptions & Options>();
    await work(startSession(world, options), { options, target: this.args[0] ?? '' });
  };
}

/** Shows how a command is called. */
export const example = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}\n`;
