/** What is written down of each route; everything that routes have in common is added in describe-operation.ts. */
import type { HeaderName } from './headers.ts';
import type { Schema, Schemas } from './schema.ts';

/** Statuses of which each route says when it gives them. */
export type OwnStatus = 400 | 404 | 409 | 410;

export interface QueryParameter {
  readonly schema: Schema;
  readonly required?: true;
  /** `deepObject`: `name[key]=value`. */
  readonly style?: 'form' | 'deepObject';
}

export interface Operation {
  readonly id: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  readonly query?: Readonly<Record<string, QueryParameter>>;
  readonly body?: { readonly schema: Schema; readonly required: 'required' | 'optional' };
  /** The component that a 200 carries as JSON. */
  readonly answer: string;
  /** The component that each event of a streamed answer carries. */
  readonly events?: string;
  /** Headers of a 200 beyond those of every answer. */
  readonly headers?: readonly HeaderName[];
  /** When it answers with these statuses. */
  readonly refusals?: Partial<Record<OwnStatus, string>>;
  /** Whether a repeat with the same `Idempotency-Key` is recognised. */
  readonly repeats?: 'recognised';
  /** The header that asks what the answer cost. */
  readonly asksCost?: 'x-include-cost';
}

export const TAGS = {
  Inference: 'Models, called as those of OpenAI are.',
  Projects: 'Tenants: the units of isolation, budget and bill.',
  'Service accounts': 'Workloads of a project. They stay the same through every rotation of their keys.',
  'API keys': 'The secrets of service accounts: made, delivered, rotated, revoked.',
  Limits: 'What a project may use and spend, and which models it may call.',
  'Admin keys': 'Credentials of the administration plane. They always expire.',
  Reports: 'Usage, costs and the audit log.',
  Service: 'The service itself.',
} as const;
export type Tag = keyof typeof TAGS;

/** What one resource adds to the document: its routes, as shared/domain/route-scopes.ts writes them, and its objects. */
export interface Resource {
  readonly operations: Readonly<Record<string, Operation>>;
  readonly schemas: Schemas;
}

/** The query parameters of a list that is read by cursor. */
export const cursorQuery = {
  limit: {
    schema: { type: 'integer', minimum: 1, maximum: 100, default: 20, description: 'Items a page.' },
  },
  after: { schema: { type: 'string', description: 'The id of the item behind which the page begins.' } },
} as const satisfies Operation['query'];

export const orderQuery = {
  order: {
    schema: {
      type: 'string',
      enum: ['asc', 'desc'],
      default: 'asc',
      description: 'By creation: oldest or newest first.',
    },
  },
} as const satisfies Operation['query'];

export const beforeQuery = {
  before: {
    schema: {
      type: 'string',
      description: 'The id of the item ahead of which the page ends; not together with `after`.',
    },
  },
} as const satisfies Operation['query'];

export const NOT_FOUND = 'An id that is unknown, malformed or of another project: `not_found` for all alike.';
export const ARCHIVED = 'The project is archived: `conflict`.';
