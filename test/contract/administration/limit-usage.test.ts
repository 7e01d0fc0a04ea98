/** Where the limits of a project stand: what was admitted and settled is what is told. */
import fc from 'fast-check';
import { newKeyRef, parseProjectId, parseServiceAccountId } from '../../../shared/domain/ids.ts';
import type { TenantLimits } from '../../../shared/domain/limits.ts';
import { administration, refusalOf, unknownProject } from '../../support/administration-fixture.ts';
import { adminPrincipal, keyPrincipal, NOON_MS } from '../../support/gateway-event.ts';
import { admissionOf, settlementOf } from '../../support/limits-fixture.ts';
import { seededRandom } from '../../support/random.ts';

const PROJECT = '/organization/projects/{project_id}';
const USAGE = `${PROJECT}/limit_usage`;
const NOVA = 'amazon.nova-lite-v1:0';
const none = { status: 404, code: 'not_found', param: null };

/** A project with these limits and one account, and requests that are counted as the inference plane counts them. */
async function project(limits: object, accountLimits: object = {}) {
  const plane = administration();
  const project_id = await plane.newProject({ limits });
  const path = { project_id };
  const made = await plane.call(`POST ${PROJECT}/service_accounts`, {
    path,
    body: { name: 'worker', create_service_account_only: true, limits: accountLimits },
  });
  const tenant = parseProjectId(project_id);
  const account = parseServiceAccountId(made.body.id)?.account;
  if (tenant === undefined || account === undefined) throw new Error(project_id);
  const key = newKeyRef(seededRandom('usage'), account);
  const inForce = async () => ({
    limits: (await plane.tenancy.readTenant(tenant))?.limits ?? ({} as Partial<TenantLimits>),
    accountLimits: (await plane.tenancy.readAccount(tenant, account))?.limits ?? {},
  });
  let index = 0;
  return {
    ...plane,
    path,
    tenant,
    accountId: made.body.id,
    usage: (of: object = {}) => plane.call(`GET ${USAGE}`, { path, ...of }),
    admit: async (of: {
      readonly tokens: number;
      readonly nanoUsd: number;
      readonly debtNanoUsd?: number;
    }) => {
      index += 1;
      const facts = { tenant, key, index, atMs: NOON_MS, model: `us.${NOVA}`, ...(await inForce()), ...of };
      const admission = admissionOf(facts);
      const { outcome } = await plane.limits.admit(admission);
      return { admission, outcome };
    },
  };
}

describe('GET …/limit_usage', () => {
  test('tells every limit of project, account and model, with what is used, reserved and left', async () => {
    const { usage, admit, limits, path, accountId } = await project(
      {
        ...{ tokens_per_day: 1_000, usd_per_day: 0.5, shadow: ['usd_per_day'], inflight_requests: 7 },
        models: { [NOVA]: { requests_per_day: 5 } },
      },
      { tokens_per_day: 300 },
    );
    const done = await admit({ tokens: 100, nanoUsd: 400_000_000 });
    await limits.settle(settlementOf(done.admission, { tokens: 60, nanoUsd: 300_000_000 }));
    await admit({ tokens: 40, nanoUsd: 250_000_000 });
    const { status, body } = await usage();
    const own = { type: 'project', id: path.project_id };
    const worker = { type: 'service_account', id: accountId };
    const day = { resets_at: expect.any(Number), mode: 'enforce' };
    expect([status, body]).toEqual([
      200,
      {
        object: 'project.limit_usage',
        project_id: path.project_id,
        limits: [
          {
            ...{ ...day, limit: 'usd_per_day', owner: own, mode: 'shadow' },
            ...{ value: 0.5, used: 0.3, reserved: 0.25, remaining: 0 },
          },
          {
            ...{ ...day, limit: 'tokens_per_day', owner: own },
            ...{ value: 1_000, used: 60, reserved: 40, remaining: 900 },
          },
          {
            ...{ ...day, limit: 'tokens_per_day', owner: worker },
            ...{ value: 300, used: 60, reserved: 40, remaining: 200 },
          },
          {
            ...{ ...day, limit: 'requests_per_day', owner: { type: 'model', id: NOVA } },
            ...{ value: 5, used: 1, reserved: 1, remaining: 3 },
          },
        ],
        inflight: { value: 7, used: 1 },
      },
    ]);
    const midnight = Math.floor(NOON_MS / 86_400_000 + 1) * 86_400;
    expect(body.limits.map(({ resets_at }: { resets_at: number }) => resets_at)).toEqual(
      Array(4).fill(midnight),
    );
  });

  test('says of balanced estimates what requests under way may cost beyond what is reserved', async () => {
    const { usage, admit } = await project({ usd_per_month: 1, estimation: 'balanced' });
    await admit({ tokens: 1, nanoUsd: 1, debtNanoUsd: 30_000_000 });
    expect((await usage()).body).toMatchObject({ debt_usd: 0.03, inflight: { value: 100, used: 1 } });
  });

  test('begins anew with the period', async () => {
    const { usage, admit, advance } = await project({ requests_per_minute: 2 });
    await admit({ tokens: 1, nanoUsd: 1 });
    expect((await usage()).body.limits).toMatchObject([{ used: 0, reserved: 1, remaining: 1 }]);
    advance(60_000);
    expect((await usage()).body.limits).toMatchObject([{ used: 0, reserved: 0, remaining: 2 }]);
  });

  test('agrees with admission: what is left is admitted, and one more is not', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 90 }), fc.boolean()), { maxLength: 8 }),
        async (requests) => {
          const { usage, admit, limits } = await project({ tokens_per_day: 200 });
          for (const [tokens, ends] of requests) {
            const { admission, outcome } = await admit({ tokens, nanoUsd: 1 });
            if (ends && outcome === 'admitted') {
              await limits.settle(settlementOf(admission, { tokens: Math.ceil(tokens / 2) }));
            }
          }
          const [{ value, used, reserved, remaining }] = (await usage()).body.limits;
          expect(used + reserved + remaining).toBe(value);
          expect((await admit({ tokens: remaining + 1, nanoUsd: 1 })).outcome).toBe('refused');
          expect((await admit({ tokens: remaining, nanoUsd: 1 })).outcome).toBe('admitted');
        },
      ),
      { numRuns: 40 },
    );
  });

  test('is seen by administrators of limits and by the project’s own keys, and by nobody of another’s', async () => {
    const { usage, tenant, newProject } = await project({ tokens_per_day: 5 });
    const other = parseProjectId(await newProject());
    if (other === undefined) throw new Error('No project.');
    const scopes = ['usage:read'] as const;
    const asOwn = await usage({ principal: keyPrincipal({ tenant, scopes }) });
    const asAdmin = await usage({ principal: adminPrincipal({ scopes: ['limits:read'] }) });
    expect([asOwn.status, asOwn.body]).toEqual([200, asAdmin.body]);
    expect(refusalOf(await usage({ principal: keyPrincipal({ tenant: other, scopes }) }))).toEqual(none);
    expect((await usage({ principal: keyPrincipal({ tenant, scopes: ['models:read'] }) })).status).toBe(403);
    expect((await usage({ principal: adminPrincipal({ scopes: ['keys:write'] }) })).status).toBe(403);
    expect(refusalOf(await usage({ path: { project_id: unknownProject() } }))).toEqual(none);
    expect(refusalOf(await usage({ query: { limit: ['1'] } }))).toMatchObject({
      status: 400,
      param: 'limit',
    });
  });
});
