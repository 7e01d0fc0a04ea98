/** Settings under any order of requests, changes, outages and time, against what was named when. */
import fc from 'fast-check';
import type { SignedHttp } from '../../../shared/aws/signed-http.ts';
import { createTenantSettings } from '../../../shared/aws/tenant-settings.ts';
import { parseTenantRef, type TenantRef } from '../../../shared/domain/ids.ts';
import { noWaiting } from '../../support/aws-emulator.ts';

const TENANTS = ['AbCdEf0123', 'AbCdEf0124'].map((text): TenantRef => {
  const tenant = parseTenantRef(text);
  if (tenant === undefined) throw new TypeError(`Not a tenant: ${text}`);
  return tenant;
});
const LAST_GOOD_MS = 300_000;

/** The settings of a version say whose and which they are. */
const textOf = (tenant: string, version: number): string => `${tenant}:${version}`;

/** Parameter Store that answers every version of every tenant, unless it is down. */
function parameterStore() {
  const state = { down: false, reads: 0 };
  const send: SignedHttp['send'] = async ({ body }) => {
    state.reads += 1;
    const name: string = JSON.parse(String(body)).Name;
    const [, tenant = '', version = ''] = /tenants\/(\w+)\/settings:(\d+)$/.exec(name) ?? [];
    const Value = JSON.stringify({ modelAliases: { of: textOf(tenant, Number(version)) } });
    const answer = state.down ? { __type: 'InternalServerError' } : { Parameter: { Value } };
    return {
      status: state.down ? 500 : 200,
      headers: {},
      body: Buffer.from(JSON.stringify(answer)),
      sends: 1,
    };
  };
  const http: SignedHttp = {
    send,
    open: () => Promise.reject(new TypeError('unused')),
    close: () => undefined,
  };
  return { state, http };
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('request' as const),
      tenant: fc.constantFrom(...TENANTS),
      version: fc.integer({ min: 1, max: 2 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('outage' as const), down: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('time' as const),
      ms: fc.constantFrom(1, 4_999, 5_000, 60_000, LAST_GOOD_MS, LAST_GOOD_MS + 1),
    }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
type Asked = Extract<Step, { kind: 'request' }>;

/** A process, Parameter Store and time; each request is compared with what the tenant named before. */
function world() {
  let nowMs = 0;
  let upSinceMs = 0;
  const named = new Map<TenantRef, { readonly text: string; readonly atMs: number }>();
  const { state, http } = parameterStore();
  const settings = createTenantSettings({
    http,
    stage: 'test',
    clock: () => nowMs,
    log: { write: () => undefined },
    waiting: noWaiting(),
  });
  const request = async ({ tenant, version }: Asked): Promise<void> => {
    const wanted = textOf(tenant, version);
    const last = named.get(tenant);
    const before = state.reads;
    const got = await settings.read(tenant, version).then(
      ({ modelAliases }) => modelAliases['of'],
      () => 'refused',
    );
    // What was named last is served without a question.
    if (last?.text === wanted) expect([got, state.reads]).toEqual([wanted, before]);
    if (got === wanted) return void named.set(tenant, { text: wanted, atMs: nowMs });
    // Anything else is what was in force before, not too long ago, and only in an outage or just after one.
    const isRecent = last !== undefined && nowMs - last.atMs <= LAST_GOOD_MS;
    expect(got).toBe(isRecent ? last.text : 'refused');
    expect(state.down || nowMs - upSinceMs < 5_000).toBe(true);
  };
  return async (one: Step): Promise<void> => {
    if (one.kind === 'request') return request(one);
    if (one.kind === 'time') nowMs += one.ms;
    else {
      if (state.down) upSinceMs = nowMs;
      state.down = one.down;
    }
  };
}

test('a request gets the version that it names or, in an outage alone, the one before for five minutes', async () => {
  const steps = fc.array(step, { maxLength: 40, size: 'max' });
  const property = fc.asyncProperty(steps, async (order) => {
    const play = world();
    for (const one of order) await play(one);
  });
  await fc.assert(property, { numRuns: 500 });
});
