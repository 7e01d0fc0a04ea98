import { AUDIT_TYPES } from '../../shared/domain/audit.ts';
import { cursorQuery, type Resource } from './operation.ts';
import {
  always,
  boolean,
  integer,
  listOf,
  object,
  objectName,
  oneOf,
  orNull,
  ref,
  type Schema,
  type Schemas,
  text,
  time,
  variants,
} from './schema.ts';

const ids = (description: string): { readonly schema: Schema } => ({
  schema: listOf({ type: 'string' }, `${description} 100 at most.`, { maxItems: 100 }),
});
const seconds = { type: 'integer', minimum: 0 };

const hash = (description: string): Schema => text(description, { pattern: '^[0-9a-f]{64}$' });

const facts: Schema = {
  type: 'object',
  description:
    'Ids and public facts, by name; never a secret. A limit or alias that changed is named as a body names it, such as `limits.usd_per_day`; what it was is under `previous.` and that name. Null: there is, or was, none.',
  additionalProperties: {
    anyOf: [{ type: ['string', 'number', 'boolean', 'null'] }, { type: 'array', items: { type: 'string' } }],
  },
};

const actor = variants(
  [
    object('A key.', {
      type: always('api_key', 'A key, of whichever kind.'),
      api_key: object(
        'The key.',
        {
          id: text('`key_…`.'),
          type: always('service_account', 'OpenAI’s; always so.'),
          service_account: object('Whose it is.', { id: text('`svc_…`.') }),
        },
        { optional: ['service_account'] },
      ),
    }),
    object('Our addition: whoever held a claim link.', {
      type: always('claim_link', 'The holder of a claim link.'),
      claim_link: object('The link.', { id: text('The key that it claims, `key_…`.') }),
    }),
    object('Our addition: no caller of the API.', {
      type: always('system', 'The scheduled sweep, or a direct invocation of the function.'),
      system: object(
        'Which.',
        {
          id: text('`key-rotation` or `direct-invocation`.'),
          aws_request_id: text('By which CloudTrail names who invoked it.'),
        },
        { optional: ['aws_request_id'] },
      ),
    }),
  ],
  'Who did it.',
);

const details: Schema = object(
  'What was done.',
  { id: text('What changed.'), data: facts, changes_requested: facts },
  { optional: ['data', 'changes_requested'] },
);

const event = object(
  'A change of the control plane. What it says of itself is in the field that its type names.',
  {
    id: text('`audit_…`.'),
    type: oneOf(AUDIT_TYPES, 'What was done, by OpenAI’s name where it has one.'),
    effective_at: time('When'),
    actor,
    project: object('The project, of an event that belongs to one.', { id: text('`proj_…`.') }),
    ...Object.fromEntries(AUDIT_TYPES.map((type) => [type, ref('AuditEventDetails')])),
    chain: object('Our addition: its place in the hash chain of its project, or of the organisation.', {
      sequence: integer('The first is 1.'),
      previous_hash: hash('Of the event before it; zeros for the first.'),
      hash: hash('SHA-256, hex, of `previous_hash` and `canonical`.'),
      canonical: text('The event as RFC 8785 JSON.'),
    }),
  },
  { optional: ['project', ...AUDIT_TYPES] },
);

const schemas: Schemas = {
  AuditEvent: event,
  AuditEventDetails: details,
  AuditEventList: object(
    'A page of events, newest first.',
    {
      object: objectName('list'),
      data: listOf(ref('AuditEvent'), 'The events.'),
      first_id: orNull(text('The id of the first, or null where there is none.')),
      last_id: orNull(text('The id of the last, or null where there is none.')),
      has_more: boolean('Whether there are more in the direction asked for.'),
      chain_head: object('Our addition: the head of the chain, where one was asked for.', {
        sequence: integer('How many events the chain has.'),
        hash: hash('Of the last.'),
      }),
    },
    { optional: ['chain_head'] },
  ),
};

export const auditLogs: Resource = {
  schemas,
  operations: {
    'GET /v1/organization/audit_logs': {
      id: 'listAuditLogs',
      tag: 'Reports',
      summary: 'List what was changed, newest first',
      query: {
        ...cursorQuery,
        before: { schema: text('The id of the event ahead of which the page ends; not with `after`.') },
        effective_at: {
          style: 'deepObject',
          schema: {
            type: 'object',
            description: 'When, in Unix seconds.',
            properties: { gt: seconds, gte: seconds, lt: seconds, lte: seconds },
            additionalProperties: false,
          },
        },
        project_ids: ids('Only of these projects; `org` (our addition) is the organisation’s own chain.'),
        event_types: {
          schema: listOf(oneOf(AUDIT_TYPES, 'A type.'), 'Only of these types.', { maxItems: 100 }),
        },
        actor_ids: ids('Only by these keys or service accounts.'),
        actor_emails: ids('OpenAI’s; nobody here has one, so that asking for one finds nothing.'),
        resource_ids: ids('Only about these.'),
        tenant_only: { schema: oneOf(['false'], 'OpenAI’s; only false here.') },
      },
      answer: 'AuditEventList',
      refusals: { 400: 'A query parameter that is unknown or has a wrong value; a filter is never ignored.' },
    },
  },
};
