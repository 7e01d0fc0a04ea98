/**
 * What happened to keys and spend, on the account's default EventBridge bus
 * (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html).
 */
import { projectId } from '../domain/ids.ts';
import type { PublishedEvent } from '../domain/outbox.ts';
import type { EventBus } from '../ports.ts';
import { AwsRefusal, asRecord, MalformedAnswer, sendJson, withRetries } from './json-service.ts';
import type { SignedHttp } from './signed-http.ts';
import { unavailable } from './store-failure.ts';
import { REAL_WAITING, type Waiting } from './waiting.ts';

export interface EventBusOptions {
  /** A transport for service `events`. */
  readonly http: SignedHttp;
  /** Rules choose by it: every stage of an account shares the bus. */
  readonly stage: string;
  readonly waiting?: Waiting;
}

/** What the roles may publish as, and the rules of resources/ listen to. */
const SOURCE = 'bedrock-proxy';
/** What an entry may fail of that the same entry would only fail of again. The rest may pass. */
const PERMANENT: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'InvalidAccountIdException',
  'InvalidArgument',
  'MalformedDetail',
  'NotAuthorizedForDetailTypeException',
  'NotAuthorizedForSourceException',
]);

/** `publish` resolves once EventBridge has the event, and rejects with service_unavailable. */
export function createEventBus({ http, stage, waiting = REAL_WAITING }: EventBusOptions): EventBus {
  const service = { http, targetPrefix: 'AWSEvents' };
  const put = async (input: object): Promise<void> =>
    refuseFailedEntry(await sendJson(service, { operation: 'PutEvents', input }));
  return {
    async publish(event) {
      const input = { Entries: [entryOf(event, stage)] };
      try {
        await withRetries(waiting, () => put(input));
      } catch (error) {
        throw unavailable('event bus', error);
      }
    },
  };
}

function entryOf(event: PublishedEvent, stage: string): object {
  const own = {
    id: event.id,
    stage,
    project_id: projectId(event.tenant),
    at: new Date(event.atMs).toISOString(),
  };
  return {
    Source: SOURCE,
    DetailType: event.type,
    // Twice: first for the order in which people read them, last so that no detail can pass for one of them.
    Detail: JSON.stringify({ ...own, ...event.detail, ...own }),
    EventBusName: 'default',
  };
}

/** The call succeeds where its entry does not: the answer says so. */
function refuseFailedEntry(answer: Readonly<Record<string, unknown>>): void {
  const failed = answer['FailedEntryCount'];
  if (failed === 0) return;
  if (typeof failed !== 'number') throw new MalformedAnswer('The answer has no FailedEntryCount.');
  const [entry] = Array.isArray(answer['Entries']) ? answer['Entries'] : [];
  const code = String(asRecord(entry)?.['ErrorCode']);
  throw new AwsRefusal({ operation: 'PutEvents', code, retryable: !PERMANENT.has(code) });
}
