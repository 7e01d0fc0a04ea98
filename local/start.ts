/** `npm start`: the whole product on this machine, until it is interrupted. */
import { parseArgs } from 'node:util';
import { publishDevFile } from './stack/dev-file.ts';
import { dataFolder, type Stack, type StackOptions, startStack } from './stack.ts';
import { HELP, readyText } from './start-text.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const PORT_DEFAULT = 8787;
/** Between two words of the emulated model: fast, and still visibly a stream. */
const TOKEN_DELAY_MS = 20;

await main();

async function main(): Promise<void> {
  const options = optionsOf(process.argv.slice(2), process.env);
  if (options === 'help') {
    console.log(HELP);
    return;
  }
  // Until the stack is up there is nothing to keep; the parts end with this process.
  const quit = () => process.exit(0);
  onSignals(quit);
  const stack = await startStack(options).catch((error: unknown) => fail(explain(error, options)));
  removeSignals(quit);
  const { baseUrl, stage, adminKey, apiKey, endpoints } = stack;
  const facts = { baseUrl, stage, adminKey, apiKey, endpoints, issuerUrl: null, pid: process.pid };
  const unpublish = await publishDevFile(dataFolder(options), facts);
  // Addresses and process id are of this run, also where the data behind them are kept for the next.
  process.once('exit', () => unpublish?.());
  stopWithProcess(stack);
  console.log(readyText(stack, { ...options, isPublished: unpublish !== undefined }));
}

interface StartOptions extends StackOptions {
  readonly port: number;
}

function optionsOf(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): StartOptions | 'help' {
  const { values } = parse(argv);
  if (values.help === true) return 'help';
  return {
    port: portOf(values.port ?? environment['PORT']),
    tokenDelayMs: TOKEN_DELAY_MS,
    ...(values.ephemeral !== undefined && { ephemeral: values.ephemeral }),
    ...(values.aws !== undefined && { aws: values.aws }),
    ...(values['data-dir'] !== undefined && { dataDir: values['data-dir'] }),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        aws: { type: 'boolean' },
        'data-dir': { type: 'string' },
        ephemeral: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        port: { type: 'string' },
      },
    });
  } catch (error) {
    return fail(`${messageOf(error)}\n\n${HELP}`);
  }
}

function portOf(text: string | undefined): number {
  if (text === undefined || text === '') return PORT_DEFAULT;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port <= 65_535 ? port : fail(`'${text}' is no port: give a number from 0 (a free one) to 65535.`);
}

function explain(error: unknown, options: StartOptions): string {
  if (!isAddressInUse(error)) return `The stack did not start. ${messageOf(error)}`;
  return `Port ${options.port} is in use, perhaps by another stack. Choose another one: PORT=${options.port + 1} npm start`;
}

function isAddressInUse(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EADDRINUSE';
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message} (${messageOf(error.cause)})`;
}

/** Closes the stack once, whatever ends the process; a second signal ends it at once. */
function stopWithProcess(stack: Stack): void {
  const end = (code: number) => {
    onSignals(() => process.exit(1));
    void stack.close().finally(() => process.exit(code));
  };
  onSignals(() => end(0));
  endWithNpm(() => end(0));
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.once(event, (error) => {
      console.error(error);
      end(1);
    });
  }
}

/** npm's shell dies of a signal that it was sent alone, without passing it on; then nobody could stop this process. */
function endWithNpm(end: () => void): void {
  if (process.env['npm_lifecycle_event'] !== 'start') return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    end();
  }, 500);
  watch.unref();
}

function onSignals(listener: () => void): void {
  for (const signal of SIGNALS) process.once(signal, listener);
}

function removeSignals(listener: () => void): void {
  for (const signal of SIGNALS) process.removeListener(signal, listener);
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
