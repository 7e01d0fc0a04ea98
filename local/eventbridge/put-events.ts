/**
 * PutEvents: entries are judged one by one, and the answer says which of them failed
 * (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html).
 */
import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { AwsServiceError } from '../aws-json-server.ts';
import { parseInput } from '../service-input.ts';
import type { BusEvent, EventLog } from './event.ts';

interface Dependencies {
  readonly log: EventLog;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** What is not emulated is refused: other buses, endpoints, trace headers. */
const parseEntries = parseInput(
  z.strictObject({
    Entries: z
      .array(
        z.strictObject({
          Time: z.optional(z.number()),
          Source: z.optional(z.string()),
          Resources: z.optional(z.array(z.string().check(z.maxLength(2048)))),
          DetailType: z.optional(z.string()),
          Detail: z.optional(z.string()),
          EventBusName: z.optional(z.literal('default')),
        }),
      )
      .check(z.minLength(1), z.maxLength(10)),
  }),
);
type Entry = ReturnType<typeof parseEntries>['Entries'][number];

/** Where the emulator says that it is, as its neighbours do. */
const PLACE = { account: '000000000000', region: 'us-east-1' } as const;
/** Of all entries of a call together. */
const BYTES_MAX = 256 * 1024;
/** What an entry's time counts, whatever it says. */
const TIME_BYTES = 14;
const DETAIL_TYPE_LENGTH_MAX = 128;

/** The operation; what it takes goes into the log. */
export function putEvents(deps: Dependencies, body: Readonly<Record<string, unknown>>): object {
  const { Entries } = parseEntries(body);
  if (Entries.reduce((bytes, entry) => bytes + bytesOf(entry), 0) > BYTES_MAX) {
    throw new AwsServiceError(
      'ValidationException',
      'Total size of the entries in the request is over the limit.',
    );
  }
  const results = Entries.map((entry) => putEntry(deps, entry));
  return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
}

type Result = { readonly EventId: string } | { readonly ErrorCode: string; readonly ErrorMessage: string };

function putEntry({ log, clock }: Dependencies, entry: Entry): Result {
  const missing = missingParameter(entry);
  if (missing !== undefined) return refused('InvalidArgument', missing);
  const { Source = '', DetailType = '', Detail = '' } = entry;
  if (DetailType.length > DETAIL_TYPE_LENGTH_MAX) {
    return refused('InvalidArgument', reason('DetailType', `must be at most ${DETAIL_TYPE_LENGTH_MAX} long`));
  }
  if (Source.startsWith('aws.')) {
    return refused('NotAuthorizedForSourceException', 'Not authorized for the source.');
  }
  const detail = jsonObject(Detail);
  if (detail === undefined) return refused('MalformedDetail', 'Detail is malformed.');
  const event = busEvent(entry, { detail, nowMs: clock() });
  log.append(event);
  return { EventId: event.id };
}

function missingParameter(entry: Entry): string | undefined {
  const name = (['Source', 'DetailType', 'Detail'] as const).find((one) => (entry[one] ?? '') === '');
  return name === undefined ? undefined : reason(name, `${name} is a required argument`);
}

const reason = (parameter: string, why: string): string =>
  `Parameter ${parameter} is not valid. Reason: ${why}.`;

const refused = (ErrorCode: string, ErrorMessage: string): Result => ({ ErrorCode, ErrorMessage });

const busEvent = (
  entry: Entry,
  of: { readonly detail: BusEvent['detail']; readonly nowMs: number },
): BusEvent => ({
  version: '0',
  id: randomUUID(),
  'detail-type': entry.DetailType ?? '',
  source: entry.Source ?? '',
  time: new Date(entry.Time === undefined ? of.nowMs : entry.Time * 1000)
    .toISOString()
    .replace(/\.\d{3}Z$/, 'Z'),
  ...PLACE,
  resources: entry.Resources ?? [],
  detail: of.detail,
});

/** As "Calculating PutEvents event entry size" of the EventBridge User Guide counts. */
function bytesOf(entry: Entry): number {
  const texts = [entry.Source, entry.DetailType, entry.Detail, ...(entry.Resources ?? [])];
  const time = entry.Time === undefined ? 0 : TIME_BYTES;
  return texts.reduce((bytes, text) => bytes + Buffer.byteLength(text ?? ''), time);
}

function jsonObject(text: string): BusEvent['detail'] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
