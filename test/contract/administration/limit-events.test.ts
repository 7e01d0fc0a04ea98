/** What the audit log says of limits. */

import { verifyAuditChain } from '../../../shared/domain/audit.ts';
import { CATALOGUE } from '../../../shared/domain/catalogue.ts';
import { parseProjectId } from '../../../shared/domain/ids.ts';
import { modelBehind } from '../../../shared/domain/model-access.ts';
import { administration } from '../../support/administration-fixture.ts';

const PROJECT = '/organization/projects/{project_id}';
const ACCOUNTS = `${PROJECT}/service_accounts`;
const NOVA = 'amazon.nova-lite-v1:0';
/** An item of a table has 400 KB at most, and an event is kept in two. */
const EVENT_BYTES_MAX = 32_000;

async function project(limits: object = {}) {
  const plane = administration();
  const path = { project_id: await plane.newProject({ limits }) };
  const update = (body: object) => plane.call(`POST ${PROJECT}`, { path, body });
  return { ...plane, path, update, last: () => plane.audit(path.project_id).at(-1) };
}

describe('the event of a project', () => {
  test('that is made says its limits, and none that every project has', async () => {
    const { path, last } = await project({ usd_per_month: 5, shadow: ['usd_per_month'] });
    expect(last()).toEqual({
      type: 'project.created',
      subject: {
        ...{ id: path.project_id, name: expect.any(String) },
        ...{ 'limits.usd_per_month': 5, 'limits.shadow': ['usd_per_month'] },
      },
    });
  });

  test('says of each limit that changed what it was and what it became, and of no other', async () => {
    const { update, path, last } = await project({
      ...{ usd_per_month: 5, tokens_per_day: 7 },
      models: { [NOVA]: { usd_per_day: 1, shadow: ['usd_per_day'] } },
    });
    await update({
      limits: { usd_per_month: 2.5, tokens_per_day: 7, smoothing: '10s', models: { [NOVA]: null } },
    });
    expect(last()).toEqual({
      type: 'project.updated',
      subject: {
        ...{ id: path.project_id, name: expect.any(String), changed: ['limits'] },
        ...{ 'limits.usd_per_month': 2.5, 'previous.limits.usd_per_month': 5 },
        ...{ 'limits.smoothing': '10s', 'previous.limits.smoothing': null },
        [`limits.models.${NOVA}.usd_per_day`]: null,
        [`previous.limits.models.${NOVA}.usd_per_day`]: 1,
        [`limits.models.${NOVA}.shadow`]: null,
        [`previous.limits.models.${NOVA}.shadow`]: ['usd_per_day'],
      },
    });
  });

  test('says that all were removed by null', async () => {
    const { update, path, last } = await project({ inflight_requests: 7, usd_per_day: 1 });
    await update({ limits: null });
    expect(last()).toEqual({
      type: 'project.updated',
      subject: {
        ...{ id: path.project_id, name: expect.any(String), changed: ['limits'] },
        ...{ 'limits.inflight_requests': 100, 'previous.limits.inflight_requests': 7 },
        ...{ 'limits.usd_per_day': null, 'previous.limits.usd_per_day': 1 },
      },
    });
  });

  test('stays small, and its chain whole, when as many models’ limits change as there may be', async () => {
    const { update, path, chains } = await project();
    const ids = [...new Set(CATALOGUE.map(({ id }) => modelBehind(id)))];
    const limited: string[] = [];
    for (const id of ids) {
      const { status } = await update({ limits: { models: { [id]: { usd_per_day: 1 } } } });
      if (status !== 200) break;
      limited.push(id);
    }
    expect(limited.length).toBeGreaterThan(7);
    const tighter = Object.fromEntries(limited.map((id) => [id, { usd_per_day: null, requests_per_day: 9 }]));
    expect((await update({ limits: { models: tighter } })).status).toBe(200);
    const tenant = parseProjectId(path.project_id);
    const chain = tenant === undefined ? [] : (chains.get(tenant) ?? []);
    const event = chain.at(-1)?.canonical ?? '';
    expect(Object.keys(JSON.parse(event).subject)).toHaveLength(3 + 4 * limited.length);
    expect(Buffer.byteLength(event)).toBeLessThan(EVENT_BYTES_MAX);
    expect(verifyAuditChain(chain)).toBeUndefined();
  });
});

test('the events of a service account say its limits when it is made and when they change', async () => {
  const { call, path, audit } = await project();
  const body = { name: 'worker', create_service_account_only: true, limits: { usd_per_day: 2 } };
  const made = await call(`POST ${ACCOUNTS}`, { path, body });
  const account = { ...path, service_account_id: made.body.id };
  await call(`POST ${ACCOUNTS}/{service_account_id}`, {
    path: account,
    body: { limits: { usd_per_day: null, tokens_per_day: 8 } },
  });
  const facts = { id: made.body.id, name: 'worker', role: 'none', scopes: made.body.scopes };
  expect(audit(path.project_id).slice(1)).toEqual([
    { type: 'service_account.created', subject: { ...facts, 'limits.usd_per_day': 2 } },
    {
      type: 'service_account.updated',
      subject: {
        ...{ ...facts, changed: ['limits'] },
        ...{ 'limits.usd_per_day': null, 'previous.limits.usd_per_day': 2 },
        ...{ 'limits.tokens_per_day': 8, 'previous.limits.tokens_per_day': null },
      },
    },
  ]);
});
