/**
 * The process under test. It holds what is measured and nothing else: the gateway stand-in with authorizer and
 * proxy (as they ship, or doing nothing), or the bare pipe. It tells its URL, answers each message with what it
 * has used so far, and ends with its parent.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as z from 'zod/mini';
import { parseCompiledTemplate } from '../local/api-gateway/compiled-template.ts';
import { readFunctions } from '../local/api-gateway/lambda-functions.ts';
import type { LambdaModule } from '../local/api-gateway/lambda-module.ts';
import { startApiGateway } from '../local/api-gateway/start.ts';
import { startBareProxy } from './bare-proxy.ts';
import { trivialAuthorizer, trivialProxy } from './trivial-functions.ts';

const subject = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('product'),
    templatePath: z.string(),
    bundles: z.object({ authorizer: z.string(), proxy: z.string() }),
  }),
  z.object({ kind: z.literal('sources'), templatePath: z.string(), limits: z.enum(['on', 'off']) }),
  z.object({ kind: z.literal('gateway'), templatePath: z.string() }),
  z.object({ kind: z.literal('bare'), bedrockUrl: z.string() }),
]);

export type Subject = z.output<typeof subject>;

const REGION = 'us-east-1';

const given = subject.parse(JSON.parse(process.argv[2] ?? '{}'));
const url = given.kind === 'bare' ? await startBareProxy(given.bedrockUrl) : await startGateway(given);
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMicros: user + system, residentBytes: process.memoryUsage.rss() });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ url });

async function startGateway(of: Exclude<Subject, { kind: 'bare' }>): Promise<string> {
  const template = parseCompiledTemplate(JSON.parse(readFileSync(of.templatePath, 'utf8')));
  const definitions = [...readFunctions({ template, region: REGION }).values()];
  const gateway = await startApiGateway({
    template,
    functions: async (logicalId) => {
      const name = definitions.find((one) => one.logicalId === logicalId)?.name ?? '';
      // Only a running gateway gives the functions their `awslambda` global.
      const handlers = await handlersOf(of);
      return { handler: handlers(name.replace(/^.*-/, '')) };
    },
    port: 0,
    stage: 'dev',
    region: REGION,
  });
  return gateway.url;
}

type Handlers = (name: string) => LambdaModule['handler'];

/** Functions that no measured request reaches are not loaded. */
function unused(): never {
  throw new Error('This function is no part of the measurement.');
}

async function handlersOf(of: Exclude<Subject, { kind: 'bare' }>): Promise<Handlers> {
  switch (of.kind) {
    case 'product':
      return shipped(of.bundles);
    case 'sources':
      return sources(of.limits);
    case 'gateway':
      return trivial;
  }
}

/** The functions unbundled, so that one part of them can be left out. */
async function sources(limits: 'on' | 'off'): Promise<Handlers> {
  const authorizer = await import('../functions/authorizer/handler.ts');
  const proxy =
    limits === 'on' ? await import('../functions/proxy/handler.ts') : await import('./unlimited-proxy.ts');
  const handlers: Readonly<Record<string, unknown>> = {
    authorizer: authorizer.handler,
    proxy: proxy.handler,
  };
  return (name) => handlers[name] ?? unused;
}

function shipped(bundles: Readonly<Record<string, string>>): Handlers {
  const require = createRequire(import.meta.url);
  return (name) => {
    const file = bundles[name];
    const module: { readonly handler?: unknown } = file === undefined ? { handler: unused } : require(file);
    return module.handler;
  };
}

function trivial(name: string): LambdaModule['handler'] {
  switch (name) {
    case 'authorizer':
      return trivialAuthorizer;
    case 'proxy':
      return trivialProxy;
    default:
      return unused;
  }
}
