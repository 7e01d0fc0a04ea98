/**
 * The plugin's other half: reads `{stage, event}` as one line, answers `{environment, event}` as one line on file
 * descriptor 3, the event's placeholders filled, and keeps the stack up until its standard input ends, however the
 * CLI ended.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
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
  const answer = { environment: stack.environment, event: filled };
  createWriteStream('', { fd: 3 }).end(`${JSON.stringify(answer)}\n`);
  await ended;
} finally {
  await stack.close();
}
process.exit();
