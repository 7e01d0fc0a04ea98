/**
 * The plugin's other half: reads `{stage, event}` as one line, answers `{environment, event}` as one line, the
 * event's placeholders filled, and keeps the stack up until its standard input ends, however the CLI ended.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import * as z from 'zod/mini';
import { fillEvent } from './fill-event.ts';
import { reachStack } from './reach-stack.ts';

const question = z.object({ stage: z.string(), event: z.unknown() });

const lines = createInterface({ input: process.stdin });
const ended = once(lines, 'close');
const [line] = await once(lines, 'line');
const { stage, event } = question.parse(JSON.parse(String(line)));
const stack = await reachStack(stage);
try {
  Object.assign(process.env, stack.environment);
  // Loaded only now: the handler reads its environment, the stack's endpoints among it, when it is imported.
  const { handler } = await import('../../functions/authorizer/handler.ts');
  const filled = await fillEvent(event, { keys: stack.keys, authorize: handler, nowMs: Date.now() });
  process.stdout.write(`${JSON.stringify({ environment: stack.environment, event: filled })}\n`);
  await ended;
} finally {
  await stack.close();
}
process.exit();
