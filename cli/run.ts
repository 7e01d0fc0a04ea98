/** The program: arguments in, exit code out. */
import { Command, CommanderError } from 'commander';
import { addAccounts } from './commands/accounts.ts';
import { addAdminKeys } from './commands/admin-keys.ts';
import { addAlerts } from './commands/alerts.ts';
import { addAliases } from './commands/aliases.ts';
import { addAudit } from './commands/audit.ts';
import { addKeys } from './commands/keys.ts';
import { addLimits } from './commands/limits.ts';
import { addTenants } from './commands/tenants.ts';
import { addReports } from './commands/usage.ts';
import { Failure } from './failure.ts';
import { example } from './session.ts';
import type { World } from './world.ts';

const USAGE_ERROR = 2;

/**
 * Runs one command. Exit codes: 0 done; 1 refused by the API, or a check failed; 2 not a right command; 3 the
 * deployment cannot be reached.
 */
export async function run(args: readonly string[], world: World): Promise<number> {
  try {
    await createProgram(world).parseAsync(helpOf(args), { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has said what was wrong, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_ERROR;
    if (!(error instanceof Failure)) throw error;
    world.stderr.write(`bpx: ${error.message}\n`);
    return error.exitCode;
  }
}

/** `help keys issue` as `keys issue --help`: commander's own help reads one name alone. */
const helpOf = (args: readonly string[]): readonly string[] =>
  args[0] === 'help' && args.length > 1 ? [...args.slice(1), '--help'] : args;

/** All commands, over this world. */
export function createProgram(world: World): Command {
  const program = new Command('bpx')
    .description('Runs the tenants, keys and limits of a bedrock-proxy, over its Administration API.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => world.stdout.write(text),
      writeErr: (text) => world.stderr.write(text),
      getOutHelpWidth: () => HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
    })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(see --help)')
    .option(
      '--url <url>',
      'base URL of the deployment; else BPX_URL, else the local stack of this folder (npm start)',
    )
    .option(
      '--admin-key-file <file>',
      "file that holds the admin key; else BPX_ADMIN_KEY, else the local stack's own for its own URL",
    )
    .option('--json', "print the API's JSON, and nothing else, on stdout")
    .addHelpText(
      'after',
      `${example('BPX_URL=https://gateway.example.com BPX_ADMIN_KEY=… bpx tenants list')}${CODES}`,
    );
  addTenants(program, world);
  addAccounts(program, world);
  addKeys(program, world);
  addLimits(program, world);
  addAliases(program, world);
  addAlerts(program, world);
  addAdminKeys(program, world);
  addReports(program, world);
  addAudit(program, world);
  return program;
}

const HELP_WIDTH = 100;

const CODES = `
A key is no option, since other users of a machine see the arguments of its programs.
Exit codes: 0 done, 1 refused, 2 not a right command, 3 the deployment cannot be reached.
`;
