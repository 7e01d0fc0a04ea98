import type { AdminScope } from '../../../shared/domain/principal.ts';
import { administration, refusalOf } from '../../support/administration-fixture.ts';
import { adminPrincipal } from '../../support/gateway-event.ts';

const PROJECT = '/organization/projects/{project_id}';
const ACCOUNTS = `${PROJECT}/service_accounts`;
const ACCOUNT = `${ACCOUNTS}/{service_account_id}`;
const LIMITS = { usd_per_month: 5 };
const refused = { status: 403, code: 'insufficient_scope', param: 'limits' };

/** A project and an account with limits, and both ways to change those, by a key of these scopes. */
async function limited(scopes: readonly AdminScope[]) {
  const plane = administration();
  const principal = adminPrincipal({ scopes });
  const project_id = await plane.newProject({ limits: LIMITS });
  const made = await plane.call(`POST ${ACCOUNTS}`, {
    path: { project_id },
    body: { name: 'worker', create_service_account_only: true, limits: LIMITS },
  });
  const path = { project_id, service_account_id: made.body.id };
  const change = (route: string) => (body: object) => plane.call(`POST ${route}`, { path, principal, body });
  const limitsOf = async (route: string) =>
    (await plane.call(`GET ${route}`, { path })).body.limits.usd_per_month;
  return { plane, principal, path, change, limitsOf };
}

describe.each<[string, string, AdminScope]>([
  ['a project', PROJECT, 'projects:write'],
  ['a service account', ACCOUNT, 'keys:write'],
])('the limits of %s', (_what, route, own) => {
  test.each([{ usd_per_month: null }, { usd_per_month: 6 }, {}, null])(
    'are not changed to %j by a key that lacks limits:write, which the refusal names',
    async (limits) => {
      const { change, limitsOf, plane, path } = await limited([own, 'limits:read']);
      const events = plane.audit(path.project_id).length;
      const answer = await change(route)({ name: 'renamed', limits });
      expect(refusalOf(answer)).toEqual(refused);
      expect(answer.body.error.message).toContain('it needs limits:write');
      expect(await limitsOf(route)).toBe(5);
      expect(plane.audit(path.project_id)).toHaveLength(events);
    },
  );

  test('leave the rest to a key without limits:write, and are changed by one that has it', async () => {
    const without = await limited([own]);
    expect((await without.change(route)({ name: 'renamed' })).status).toBe(200);
    const holding = await limited([own, 'limits:write']);
    expect((await holding.change(route)({ limits: { usd_per_month: 6 } })).status).toBe(200);
    expect(await holding.limitsOf(route)).toBe(6);
  });
});

test('limits may be given to what is being made by whoever may make it', async () => {
  const { plane, principal, path } = await limited(['projects:write', 'keys:write']);
  const project = await plane.call('POST /organization/projects', {
    principal,
    body: { name: 'another', limits: LIMITS },
  });
  const account = await plane.call(`POST ${ACCOUNTS}`, {
    path,
    principal,
    body: { name: 'another', create_service_account_only: true, limits: LIMITS },
  });
  expect([project.body.limits.usd_per_month, account.body.limits.usd_per_month]).toEqual([5, 5]);
});
