/** Bedrock's model invocation logs (schema ModelInvocationLog 1.0, JSON lines). Bodies in them are never looked at. */
import { decodeTime } from 'ulid';
import { z } from 'zod';
import { parseProjectId, parseRequestId, projectId } from '../../shared/domain/ids.ts';
import { modelBehind } from '../../shared/domain/model-access.ts';
import type { LoggedCall } from '../../shared/domain/reconciliation.ts';
import type { TimeRange } from '../../shared/domain/usage.ts';
import { inputFiles, jsonOf, linesOf, type Unreadable } from './input-files.ts';

export interface InvocationLog {
  readonly calls: readonly LoggedCall[];
  /** Invocations of the account without our tags: not this product's. */
  readonly foreign: number;
  /** Requests of ours that began outside the range. */
  readonly outside: number;
  readonly unreadable: readonly Unreadable[];
}

const count = z.number().int().nonnegative().optional();
const line = z.object({
  schemaType: z.literal('ModelInvocationLog'),
  requestId: z.string().min(1),
  modelId: z.string().min(1),
  input: z
    .object({
      inputTokenCount: count,
      cacheReadInputTokenCount: count,
      cacheWriteInputTokenCount: count,
    })
    .optional(),
  output: z.object({ outputTokenCount: count }).optional(),
  requestMetadata: z.record(z.string(), z.string()).nullish(),
});

/** Bedrock keeps bodies that are long in objects of their own under `data/`: those are no lines of the log. */
const LOG_FILES = {
  option: '--invocation-logs',
  wanted: /^(?!(?:.*\/)?data\/).*\.jsonl?(\.gz)?$/,
  endings: '.json, .jsonl, .json.gz or .jsonl.gz',
};

/** Reads a file, a folder or a prefix. A request is in the range by its own id's time, as in the ledger. */
export async function readInvocationLog(location: string, range: TimeRange): Promise<InvocationLog> {
  const calls: LoggedCall[] = [];
  const unreadable: Unreadable[] = [];
  const left = { foreign: 0, outside: 0 };
  for (const file of await inputFiles(location, LOG_FILES)) {
    for await (const { place, text } of linesOf(file)) {
      const read = callOf(text, range);
      if (typeof read === 'object') calls.push(read);
      else if (read === 'foreign' || read === 'outside') left[read] += 1;
      else unreadable.push({ place, reason: 'is no line of a model invocation log' });
    }
  }
  return { calls, ...left, unreadable };
}

function callOf(text: string, range: TimeRange): LoggedCall | 'foreign' | 'outside' | 'unreadable' {
  const { success, data } = line.safeParse(jsonOf(text));
  if (!success) return 'unreadable';
  const { requestMetadata: tags, input, output } = data;
  if (tags?.['bp:request'] === undefined) return 'foreign';
  const request = parseRequestId(tags['bp:request']);
  const tenant = parseProjectId(tags['bp:project'] ?? '');
  if (request === undefined || tenant === undefined) return 'unreadable';
  const atMs = decodeTime(request);
  if (atMs < range.fromMs || atMs >= range.toMs) return 'outside';
  return {
    invocation: data.requestId,
    request,
    project: projectId(tenant),
    model: modelOfArn(data.modelId),
    tokens: {
      input: input?.inputTokenCount ?? 0,
      output: output?.outputTokenCount ?? 0,
      cacheRead: input?.cacheReadInputTokenCount ?? 0,
      cacheWrite: input?.cacheWriteInputTokenCount ?? 0,
    },
  };
}

/** A model's id, out of an ARN of it or of an inference profile; an application's profile tells only its own id. */
export const modelOfArn = (id: string): string => modelBehind(id.slice(id.lastIndexOf('/') + 1));
