import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import OpenAI from 'openai';
import { findDynoxide } from '../../local/dynamodb/start.ts';
import { ROOT, startProcess, type TestProcess } from '../support/child-process.ts';

const READY = /Stop with Ctrl-C/;
const running = new Set<TestProcess>();
const folders: string[] = [];

afterEach(async () => {
  for (const one of running) await one.stop('SIGKILL');
  running.clear();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** `npm start -- …`, without npm in between. */
function start(args: readonly string[], environment: Record<string, string> = {}): TestProcess {
  const started = startProcess({
    command: process.execPath,
    args: ['--import', './scripts/check-node.mjs', 'local/start.ts', ...args],
    environment: { PORT: '0', ...environment },
    isGroup: true,
  });
  running.add(started);
  return started;
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bedrock-proxy-'));
  folders.push(folder);
  return folder;
}

const devFile = (folder: string) => JSON.parse(readFileSync(path.join(folder, 'dev.json'), 'utf8'));

interface Listed {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  readonly command: string;
}

/** Every process of this machine. */
function listProcesses(): readonly Listed[] {
  const { stdout } = spawnSync('ps', ['-Ao', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, state = '', command = ''] = /^ *(\d+) +(\d+) +(\S+) *(.*)$/.exec(line) ?? [];
    return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), state, command }];
  });
}

/** The processes that a process has started, and theirs. */
function childrenOf(pid: number, all = listProcesses()): readonly Listed[] {
  const children = all.filter(({ parent }) => parent === pid);
  return children.flatMap((child) => [child, ...childrenOf(child.pid, all)]);
}

/** The children of a stack that is up: its DynamoDB is among them, where this machine has one. */
function childrenOfStack({ pid }: TestProcess): readonly Listed[] {
  const children = childrenOf(pid);
  const hasDynamoDb = children.some(({ command }) => command.includes('dynoxide'));
  expect(hasDynamoDb).toBe(findDynoxide(process.env) !== undefined);
  return children;
}

/** Those of the processes that still run after some looks: the last one to end may need a moment to be gone. */
async function stillRunning(processes: readonly Listed[]): Promise<readonly Listed[]> {
  const pids = new Set(processes.map(({ pid }) => pid));
  let left = processes;
  for (let look = 0; look < LOOKS_MAX && left.length > 0; look += 1) {
    await setImmediate();
    // `Z` says that it has ended, and is listed only until its parent asks for its code.
    left = listProcesses().filter(({ pid, state }) => pids.has(pid) && !/^[ZX]/.test(state));
  }
  return left;
}

const LOOKS_MAX = 100;

/** The process's children as soon as the command of one matches; the process must still be running then. */
async function eventualChildren(of: TestProcess, command: RegExp): Promise<readonly Listed[]> {
  // It may have to wait for the packaging of others.
  for (let look = 0; look < 10 * LOOKS_MAX; look += 1) {
    const children = childrenOf(of.pid);
    if (children.some((child) => command.test(child.command))) return children;
    await setImmediate();
  }
  throw new Error(`No child of it is ${command}:\n${of.output().stderr}`);
}

const ask = (text: string) => ({
  model: 'amazon.nova-lite-v1:0',
  messages: [{ role: 'user' as const, content: text }],
});

describe('npm start', () => {
  test('prints a curl command and a Node snippet that work as printed', async () => {
    const started = start(['--ephemeral', '--data-dir', await newFolder()]);
    await started.until(READY);
    const said = started.output().stdout;
    const curl = /curl http[\s\S]*?\n\n/.exec(said)?.[0] ?? '';
    const node = /OPENAI_BASE_URL=\S+ OPENAI_API_KEY=\S+ (node --input-type[\s\S]*?\n')/.exec(said);
    const run = (command: string) => spawnSync('sh', ['-c', command], { cwd: ROOT, encoding: 'utf8' });

    const answered = run(curl);
    expect(JSON.parse(answered.stdout)).toMatchObject({ object: 'chat.completion' });
    const streamed = run((node?.[0] ?? '').replace(/ node --input/, ` ${process.execPath} --input`));
    expect(streamed).toMatchObject({ status: 0, stdout: expect.stringMatching(/emulator/i) });
  }, 60_000);

  test('writes where it is and its keys for its owner only', async () => {
    const folder = await newFolder();
    await start(['--ephemeral', '--data-dir', folder]).until(READY);
    const facts = devFile(folder);
    expect((await stat(path.join(folder, 'dev.json'))).mode & 0o777).toBe(0o600);
    expect(facts).toMatchObject({
      baseUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/v1$/),
      stage: 'dev',
      adminKey: expect.stringMatching(/^bpa_/),
      apiKey: expect.stringMatching(/^bpk_/),
      issuerUrl: null,
    });
    const client = new OpenAI({ baseURL: facts.baseUrl, apiKey: facts.apiKey });
    expect((await client.models.list()).data.length).toBeGreaterThan(12);
  }, 60_000);

  test('keeps project, keys and usage over a restart', async () => {
    const folder = await newFolder();
    const first = start(['--data-dir', folder]);
    await first.until(READY);
    const before = devFile(folder);
    const client = new OpenAI({ baseURL: before.baseUrl, apiKey: before.apiKey });
    await client.chat.completions.create(ask('Remember this.'));
    await first.stop('SIGTERM');

    await start(['--data-dir', folder]).until(READY);
    const after = devFile(folder);
    expect({ ...after, baseUrl: '', endpoints: {}, pid: 0 }).toEqual({
      ...before,
      baseUrl: '',
      endpoints: {},
      pid: 0,
    });
    const { organization } = new OpenAI({ baseURL: after.baseUrl, adminAPIKey: after.adminKey }).admin;
    const dayAgo = Math.floor(Date.now() / 1000) - 86_400;
    const usage = await organization.usage.completions({ start_time: dayAgo, bucket_width: '1d' });
    const results = usage.data.flatMap((bucket) => bucket.results);
    expect(results).toEqual([expect.objectContaining({ num_model_requests: 1 })]);
  }, 60_000);

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'ends on %s with code 0 and leaves no process behind',
    async (signal) => {
      const folder = await newFolder();
      const started = start(['--ephemeral', '--data-dir', folder]);
      await started.until(READY);
      const children = childrenOfStack(started);
      expect(await started.stop(signal)).toBe(0);
      expect(await stillRunning(children)).toEqual([]);
      expect(readdirSync(folder)).toEqual([]);
    },
    60_000,
  );

  test('ends a stream that is under way, and books it, before it ends on Ctrl-C', async () => {
    const folder = await newFolder();
    const first = start(['--data-dir', folder]);
    await first.until(READY);
    const { baseUrl, apiKey } = devFile(folder);
    const client = new OpenAI({ baseURL: baseUrl, apiKey, maxRetries: 0 });
    const stream = await client.chat.completions.create({
      ...ask('[[emulator tokens=40 delay=20]] Go on.'),
      stream: true,
      max_completion_tokens: 100,
    });
    const reasons: unknown[] = [];
    let ended: Promise<number | null> | undefined;
    for await (const chunk of stream) {
      ended ??= first.stop('SIGINT');
      reasons.push(chunk.choices[0]?.finish_reason);
    }
    expect(reasons).toContain('stop');
    expect(await ended).toBe(0);

    await start(['--data-dir', folder]).until(READY);
    const after = devFile(folder);
    const { organization } = new OpenAI({ baseURL: after.baseUrl, adminAPIKey: after.adminKey }).admin;
    const usage = await organization.usage.completions({
      start_time: Math.floor(Date.now() / 1000) - 86_400,
    });
    expect(usage.data.flatMap((bucket) => bucket.results)).toEqual([
      expect.objectContaining({ num_model_requests: 1, output_tokens: 40 }),
    ]);
  }, 60_000);

  test('leaves no process behind when it is killed', async () => {
    const started = start(['--ephemeral', '--data-dir', await newFolder()]);
    await started.until(READY);
    const children = childrenOfStack(started);
    await started.stop('SIGKILL');
    expect(await stillRunning(children)).toEqual([]);
  }, 60_000);

  test.each([
    ['a process that listens for the signal', "process.once('SIGTERM', () => process.exit(0));", 0],
    ['one that does not', '', null],
  ])(
    '%s leaves no packaging behind when it is ended before it is ready',
    async (_what, listen, code) => {
      const packager = new URL('../../local/packaged-stack.ts', import.meta.url);
      const cache = path.join(ROOT, `.cache/ended-${process.pid}-${Date.now()}`);
      folders.push(cache);
      const program = `
      import { packagedStack } from ${JSON.stringify(packager.href)};
      ${listen}
      console.log('begins');
      await packagedStack('dev', ${JSON.stringify(cache)});`;
      const one = startProcess({ command: process.execPath, args: ['--input-type=module', '-e', program] });
      running.add(one);
      await one.until(/begins/);
      const children = await eventualChildren(one, / package --stage /);
      expect(await one.stop('SIGTERM')).toBe(code);
      expect(await stillRunning(children)).toEqual([]);
    },
    60_000,
  );

  test('names the remedy where the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const started = start(['--ephemeral', '--data-dir', await newFolder()], { PORT: String(port) });
    expect(await started.ended).toBe(1);
    expect(started.output().stderr).toContain(`Port ${port} is in use`);
    expect(started.output().stderr).toContain(`PORT=${port + 1} npm start`);
    other.close();
  }, 60_000);

  test('refuses the data of a stack that is running', async () => {
    const folder = await newFolder();
    await start(['--data-dir', folder]).until(READY);
    const second = start(['--data-dir', folder]);
    expect(await second.ended).toBe(1);
    expect(second.output().stderr).toContain(`Another stack runs on ${devFile(folder).baseUrl}`);
  }, 60_000);

  test.each([
    [['--nonsense'], '--nonsense'],
    [['--port', '99999'], "'99999' is no port"],
  ])('refuses %j by name', async (args, named) => {
    const started = start(args);
    expect(await started.ended).toBe(1);
    expect(started.output().stderr).toContain(named);
  });

  test('--help tells the options and starts nothing', async () => {
    const started = start(['--help']);
    expect(await started.ended).toBe(0);
    expect(started.output().stdout).toContain('--ephemeral');
  });
});
