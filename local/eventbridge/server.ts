import { type LocalService, serveAwsJson } from '../aws-json-server.ts';
import { type BusEvent, openEventLog } from './event.ts';
import { putEvents } from './put-events.ts';

export interface EventBridgeOptions {
  /** 0 or absent: a free port. */
  readonly port?: number;
  /** One JSON event a line, over restarts; absent: in memory only. */
  readonly eventsFile?: string;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
}

export interface LocalEventBridge extends LocalService {
  /** What was put on the bus, in the order of its arrival. */
  events(): readonly BusEvent[];
}

/** Starts an EventBridge on loopback. It has the default bus and no rules: events are kept for whoever looks. */
export async function startEventBridge(options: EventBridgeOptions = {}): Promise<LocalEventBridge> {
  const log = openEventLog(options.eventsFile);
  const deps = { log, clock: options.clock ?? Date.now };
  const service = await serveAwsJson(
    {
      signingName: 'events',
      targetPrefix: 'AWSEvents',
      operations: { PutEvents: (body) => putEvents(deps, body) },
      messageField: 'message',
    },
    options.port,
  );
  return { ...service, events: log.all };
}
