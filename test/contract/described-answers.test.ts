import { readApiDocument } from '../support/api-document.ts';
import { faultOf } from '../support/described-answers.ts';

const api = readApiDocument();
const project = {
  id: 'proj_0000000001',
  object: 'organization.project',
  name: 'x',
  created_at: 1,
  archived_at: null,
  status: 'active',
  limits: {
    inflight_requests: 100,
    requests_per_minute: null,
    requests_per_day: null,
    tokens_per_minute: null,
    tokens_per_day: null,
    tokens_per_month: null,
    usd_per_day: null,
    usd_per_month: null,
    shadow: [],
    default_max_completion_tokens: 4096,
    smoothing: null,
    token_counting: null,
    estimation: 'strict',
    models: {},
  },
  show_cost: false,
};

interface Told {
  readonly path?: string;
  readonly status?: number;
  readonly type?: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly sent?: string;
}

function fault(of: Told) {
  const { status = 200, type = 'application/json', headers, body = project } = of;
  return faultOf(api, {
    method: 'POST',
    url: new URL(`http://127.0.0.1${of.path ?? '/v1/organization/projects'}`),
    sent: of.sent ?? '{"name":"x"}',
    response: new Response(JSON.stringify(body), { status, headers: { 'content-type': type, ...headers } }),
    body,
  });
}

const error = (code: string) => ({
  error: { message: 'm', type: 'invalid_request_error', param: null, code },
});

describe('an answer is held to the description', () => {
  test('and passes where it is as described', () => {
    expect(fault({})).toBeUndefined();
    expect(fault({ path: '/openai/v1/organization/projects' })).toBeUndefined();
    expect(fault({ status: 409, body: error('conflict') })).toBeUndefined();
  });

  test('but for an unknown URL, which no description has', () => {
    expect(fault({ path: '/v1/nothing', status: 404, body: error('unknown_url') })).toBeUndefined();
  });

  test.each<[string, Told]>([
    ['a route', { path: '/v1/organization/invites' }],
    ['a status', { status: 410, body: error('gone') }],
    ['a content type', { type: 'text/html' }],
    ['a header', { headers: { 'x-surprise': '1' } }],
    ['a field', { body: { ...project, surprise: 1 } }],
    ['a value', { body: { ...project, status: 'asleep' } }],
    ['a query parameter', { path: '/v1/organization/projects?force=1' }],
    ['a field that was accepted', { sent: '{"name":"x","surprise":1}' }],
    ['a code', { status: 409, body: error('surprise') }],
  ])('and fails with %s that it does not have', (_what, of) => {
    expect(fault(of)).toEqual(expect.any(String));
  });

  test('and fails where a field is missing', () => {
    const { limits: _, ...rest } = project;
    expect(fault({ body: rest })).toMatch(/must have required property 'limits'/);
  });
});
