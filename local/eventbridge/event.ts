import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';

const event = z.object({
  version: z.literal('0'),
  id: z.string(),
  'detail-type': z.string(),
  source: z.string(),
  account: z.string(),
  /** `2026-11-20T12:00:00Z`. */
  time: z.string(),
  region: z.string(),
  resources: z.array(z.string()),
  detail: z.record(z.string(), z.unknown()),
});

/** An event as EventBridge hands it to the targets of a rule. */
export type BusEvent = z.output<typeof event>;

/** What was put on the bus. Holds the state of the emulator. */
export interface EventLog {
  append(event: BusEvent): void;
  /** In the order of their arrival; without a file, the last 10,000. */
  all(): readonly BusEvent[];
}

const KEPT_MAX = 10_000;

/** A file of one JSON object a line, for its owner only since links to keys pass here; without a file, memory. */
export function openEventLog(file: string | undefined): EventLog {
  return file === undefined ? memoryLog() : fileLog(file);
}

function memoryLog(): EventLog {
  const events: BusEvent[] = [];
  return {
    append: (one) => {
      events.push(one);
      if (events.length > KEPT_MAX) events.shift();
    },
    all: () => [...events],
  };
}

function fileLog(file: string): EventLog {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  return {
    append: (one) => appendFileSync(file, `${JSON.stringify(one)}\n`, { mode: 0o600 }),
    all: () =>
      (existsSync(file) ? readFileSync(file, 'utf8') : '').split('\n').filter(Boolean).map(parseLine),
  };
}

const parseLine = (line: string): BusEvent => event.parse(JSON.parse(line));
