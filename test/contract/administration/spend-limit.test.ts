import { administration, refusalOf, unknownProject } from '../../support/administration-fixture.ts';
import { adminPrincipal } from '../../support/gateway-event.ts';

const PROJECT = '/organization/projects/{project_id}';
const SPEND_LIMIT = `${PROJECT}/spend_limit`;
const CENT = 10_000_000;

const order = { currency: 'USD', interval: 'month', threshold_amount: 250 };
const none = { status: 404, code: 'not_found', param: null };

async function project(body: object = {}) {
  const plane = administration();
  const path = { project_id: await plane.newProject(body) };
  return {
    ...plane,
    path,
    retrieve: () => plane.call(`GET ${SPEND_LIMIT}`, { path }),
    update: (over: object = {}) => plane.call(`POST ${SPEND_LIMIT}`, { path, body: { ...order, ...over } }),
    remove: () => plane.call(`DELETE ${SPEND_LIMIT}`, { path }),
  };
}

describe('the spend limit of a project', () => {
  test('is set in cents, shown, and in force as the project’s own limit', async () => {
    const { call, path, retrieve, update, audit } = await project();
    const set = await update();
    expect([set.status, set.body]).toEqual([
      200,
      {
        object: 'project.spend_limit',
        currency: 'USD',
        interval: 'month',
        threshold_amount: 250,
        enforcement: { status: 'inactive' },
      },
    ]);
    expect((await retrieve()).body).toEqual(set.body);
    expect((await call(`GET ${PROJECT}`, { path })).body.limits.usd_per_month).toBe(2.5);
    expect(audit(path.project_id)[1]).toEqual({
      type: 'project.spend_limit.updated',
      subject: {
        ...{ id: path.project_id, currency: 'USD', interval: 'month' },
        ...{ threshold_amount: 250, 'previous.threshold_amount': null },
      },
    });
  });

  test('says that it is enforcing once the month’s spend has reached it, and not a nano-USD before', async () => {
    const { retrieve, update, spend } = await project();
    await update();
    spend(250 * CENT - 1);
    expect((await retrieve()).body.enforcement).toEqual({ status: 'inactive' });
    spend(250 * CENT);
    expect((await retrieve()).body.enforcement).toEqual({ status: 'enforcing' });
  });

  test('in shadow refuses nothing and says so; setting it enforces it, and the log says so', async () => {
    const { call, path, retrieve, update, spend, audit } = await project({
      limits: { usd_per_month: 1, tokens_per_day: 9, shadow: ['tokens_per_day', 'usd_per_month'] },
    });
    spend(500 * CENT);
    expect((await retrieve()).body.enforcement).toEqual({ status: 'inactive' });
    expect((await update()).body.enforcement).toEqual({ status: 'enforcing' });
    const { body } = await call(`GET ${PROJECT}`, { path });
    expect(body.limits).toMatchObject({ usd_per_month: 2.5, shadow: ['tokens_per_day'] });
    expect(audit(path.project_id)[1]).toEqual({
      type: 'project.spend_limit.updated',
      subject: {
        ...{ id: path.project_id, currency: 'USD', interval: 'month' },
        ...{ threshold_amount: 250, 'previous.threshold_amount': 100 },
        'limits.shadow': ['tokens_per_day'],
        'previous.limits.shadow': ['tokens_per_day', 'usd_per_month'],
      },
    });
  });

  test('tells in USD what requests under way may cost beyond what is reserved, where that is an estimate', async () => {
    const { call, path, retrieve, update, spend } = await project();
    spend(CENT, 3 * CENT);
    expect((await update()).body).not.toHaveProperty('debt_usd');
    await call(`POST ${PROJECT}`, { path, body: { limits: { estimation: 'balanced' } } });
    expect((await retrieve()).body).toMatchObject({ threshold_amount: 250, debt_usd: 0.03 });
    expect((await update()).body.debt_usd).toBe(0.03);
    await call(`POST ${PROJECT}`, { path, body: { limits: { estimation: 'strict' } } });
    expect((await retrieve()).body).not.toHaveProperty('debt_usd');
  });

  test('shows a limit that was set in USD', async () => {
    const { retrieve } = await project({ limits: { usd_per_month: 0.125 } });
    expect((await retrieve()).body.threshold_amount).toBe(12.5);
  });

  test('is not found where there is none, and is removed again and again as one event', async () => {
    const { retrieve, update, remove, audit, path } = await project();
    expect(refusalOf(await retrieve())).toEqual(none);
    await update();
    const removed = await remove();
    expect([removed.status, removed.body]).toEqual([
      200,
      { object: 'project.spend_limit.deleted', deleted: true },
    ]);
    expect((await remove()).body).toEqual(removed.body);
    expect(refusalOf(await retrieve())).toEqual(none);
    expect(audit(path.project_id).slice(2)).toEqual([
      { type: 'project.spend_limit.deleted', subject: { id: path.project_id } },
    ]);
  });

  test.each<[object, string, string]>([
    [{ threshold_amount: 0 }, 'invalid_value', 'threshold_amount'],
    [{ threshold_amount: 100_000_001 }, 'invalid_value', 'threshold_amount'],
    [{ threshold_amount: 1.5 }, 'invalid_type', 'threshold_amount'],
    [{ threshold_amount: undefined }, 'missing_required_parameter', 'threshold_amount'],
    [{ currency: 'EUR' }, 'invalid_value', 'currency'],
    [{ interval: 'day' }, 'invalid_value', 'interval'],
    [{ hard: true }, 'unsupported_parameter', 'hard'],
  ])('refuses %j by name and without effect', async (over, code, param) => {
    const { retrieve, update } = await project();
    expect(refusalOf(await update(over))).toEqual({ status: 400, code, param });
    expect((await retrieve()).status).toBe(404);
  });

  test('is not found for an unknown project, and alike for one without a limit', async () => {
    const { call, retrieve } = await project();
    const unknown = await call(`GET ${SPEND_LIMIT}`, { path: { project_id: unknownProject() } });
    expect(refusalOf(unknown)).toEqual(refusalOf(await retrieve()));
    for (const method of ['POST', 'DELETE']) {
      const path = { project_id: unknownProject() };
      expect(refusalOf(await call(`${method} ${SPEND_LIMIT}`, { path, body: order }))).toEqual(none);
    }
  });

  test('stays as it is in an archived project, and without the scope', async () => {
    const { call, path, update, remove, retrieve } = await project();
    await update();
    const principal = adminPrincipal({ scopes: ['limits:read'] });
    expect((await call(`DELETE ${SPEND_LIMIT}`, { path, principal })).status).toBe(403);
    await call(`POST ${PROJECT}/archive`, { path });
    expect((await update({ threshold_amount: 1 })).status).toBe(409);
    expect((await remove()).status).toBe(409);
    expect((await retrieve()).body.threshold_amount).toBe(250);
  });
});
