'use strict';

/**
 * Makes `serverless invoke local` work for every function without AWS: points the function at the running stack or
 * at one made for the occasion, fills the event's placeholders, gives the function the `awslambda` global that
 * streaming handlers need, and always exits. Plain CommonJS, because the CLI loads plugins by `require` and may
 * run on a Node that does not read TypeScript; what needs the sources happens in companion.ts, a child process.
 */
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const readline = require('node:readline');
const { Writable } = require('node:stream');
const { readsTypeScript } = require('../../scripts/node-version.cjs');

/** Where the SDK finds credentials of its own; with any of these nothing is put in their place. */
const CREDENTIAL_VARIABLES = [
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
];
/** How long the CLI gets to print its last words before it is ended, whatever still runs in it. */
const GRACE_MS = 250;

class InvokeLocal {
  constructor(serverless, options) {
    this.serverless = serverless;
    this.options = options;
    this.hooks = {};
    if ((serverless.processedInput?.commands ?? []).join(' ') !== 'invoke local') return;
    this.hooks = {
      initialize: () => setDummyCredentials(process.env),
      'after:invoke:local:loadEnvVars': () => this.prepare(),
      error: () => this.end(1),
      finalize: () => this.end(0),
    };
  }

  async prepare() {
    const stage = this.serverless.service.provider.stage;
    this.companion = startCompanion(this.serverless.serviceDir);
    const { environment, event } = await ask(this.companion, { stage, event: this.options.data });
    Object.assign(process.env, environment);
    this.options.data = event;
    installAwslambda();
    this.watchDeadline();
  }

  /** Lambda ends a function at its timeout; so do we, or a handler that never answers would keep the CLI for ever. */
  watchDeadline() {
    const seconds = this.options.functionObj.timeout ?? this.serverless.service.provider.timeout ?? 6;
    this.deadline = setTimeout(() => {
      process.stderr.write(`Task timed out after ${seconds} seconds\n`);
      process.exit(1);
    }, seconds * 1000);
  }

  end(code) {
    clearTimeout(this.deadline);
    this.companion?.stdin.end();
    setTimeout(() => process.exit(process.exitCode || code), GRACE_MS).unref();
  }
}

function setDummyCredentials(environment) {
  if (CREDENTIAL_VARIABLES.some((name) => environment[name] !== undefined)) return;
  environment.AWS_ACCESS_KEY_ID = 'local';
  environment.AWS_SECRET_ACCESS_KEY = 'local';
}

function startCompanion(serviceDir) {
  const packaged = path.join(serviceDir, 'node_modules', '.bin', 'node');
  const node = readsTypeScript(process.version) ? process.execPath : packaged;
  return spawn(node, [path.join(__dirname, 'companion.ts')], {
    cwd: serviceDir,
    // Its answer comes by a pipe of its own: on standard output it may log.
    stdio: ['pipe', process.stderr.fd, 'inherit', 'pipe'],
  });
}

/** One line to the companion, one line back. It lives until its standard input ends. */
async function ask(companion, question) {
  // A companion that is gone already is told by its exit, below.
  companion.stdin.on('error', () => undefined);
  companion.stdin.write(`${JSON.stringify(question)}\n`);
  const lines = readline.createInterface({ input: companion.stdio[3] });
  const answer = once(lines, 'line').then(([line]) => JSON.parse(line));
  const failure = once(companion, 'exit').then(([code]) => {
    throw new Error(
      `The local stack could not be reached or started (exit code ${code}); the reason is above.`,
    );
  });
  return Promise.race([answer, failure]);
}

/** What Lambda's runtime gives to streaming functions; here the whole answer is collected and returned. */
function installAwslambda() {
  globalThis.awslambda = {
    ...globalThis.awslambda,
    // Lambda's own only marks the function, so one may call another with its stream; the CLI knows of no stream.
    streamifyResponse: (handler) => async (event, given, lambdaContext) => {
      if (given instanceof Writable) return handler(event, given, lambdaContext);
      const context = given;
      const stream = new AnswerStream();
      await handler(event, stream, context);
      if (!stream.writableFinished) await once(stream, 'finish');
      return stream.answer();
    },
    HttpResponseStream: { from: (stream, prelude) => stream.begin(prelude) },
  };
}

class AnswerStream extends Writable {
  prelude = {};
  chunks = [];

  begin(prelude) {
    this.prelude = prelude;
    return this;
  }

  _write(chunk, _encoding, done) {
    this.chunks.push(chunk);
    done();
  }

  answer() {
    return { ...this.prelude, body: Buffer.concat(this.chunks).toString('utf8') };
  }
}

module.exports = InvokeLocal;
