import { administration, refusalOf, unknownProject } from '../../support/administration-fixture.ts';
import { adminPrincipal } from '../../support/gateway-event.ts';

const PROJECT = '/organization/projects/{project_id}';
const ALERTS = `${PROJECT}/spend_alerts`;
const ALERT = `${ALERTS}/{alert_id}`;
const unknown = { status: 404, code: 'not_found', param: null };

const channel = (over: object = {}) => ({ type: 'email', recipients: ['team@example.com'], ...over });
const order = (over: object = {}) => ({
  currency: 'USD',
  interval: 'month',
  threshold_amount: 5_000,
  notification_channel: channel(),
  ...over,
});

async function project() {
  const plane = administration();
  const project_id = await plane.newProject();
  const path = { project_id };
  return {
    ...plane,
    path,
    create: (over: object = {}) => plane.call(`POST ${ALERTS}`, { path, body: order(over) }),
    list: async (query: Record<string, string[]> = {}) => {
      const answer = await plane.call(`GET ${ALERTS}`, { path, query });
      const ids: readonly string[] = answer.body.data?.map(({ id }: { id: string }) => id);
      return { ...answer, ids, more: answer.body.has_more };
    },
    one: (
      method: string,
      of: { readonly alert_id: string; readonly body?: object; readonly project_id?: string },
    ) =>
      plane.call(`${method} ${ALERT}`, {
        path: { project_id: of.project_id ?? project_id, alert_id: of.alert_id },
        body: of.body,
      }),
  };
}

describe('POST …/spend_alerts', () => {
  test('answers an alert, and records it without naming the people', async () => {
    const { create, path, audit } = await project();
    const notification_channel = channel({
      recipients: ['a@example.com', 'b@x.org'],
      subject_prefix: ' [us] ',
    });
    const { status, body } = await create({ notification_channel });
    expect([status, body]).toEqual([
      200,
      {
        id: expect.stringMatching(/^alert_[0-9A-Za-z]{20}$/),
        object: 'project.spend_alert',
        currency: 'USD',
        interval: 'month',
        threshold_amount: 5_000,
        notification_channel: {
          type: 'email',
          recipients: ['a@example.com', 'b@x.org'],
          subject_prefix: '[us]',
        },
      },
    ]);
    expect(audit(path.project_id)[1]).toEqual({
      type: 'project.spend_alert.created',
      subject: { id: body.id, project_id: path.project_id, threshold_amount: 5_000, recipients: 2 },
    });
  });

  test('makes ten and no more, also when two race for the last place', async () => {
    const { create, list, one } = await project();
    const at = (threshold_amount: number) => create({ threshold_amount });
    for (let made = 1; made < 10; made += 1) expect((await at(made)).status).toBe(200);
    const races = await Promise.all([at(10), at(11), at(12)]);
    expect(races.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    const { ids } = await list();
    expect(ids).toHaveLength(10);
    expect((await one('DELETE', { alert_id: ids[0] ?? '' })).status).toBe(200);
    expect((await at(13)).status).toBe(200);
  });

  test('makes no alert that would tell the same people the same, and names the one that is there', async () => {
    const { create, list } = await project();
    const recipients = ['a@example.com', 'b@example.com'];
    const { body } = await create({ notification_channel: channel({ recipients }) });
    const turned = channel({ recipients: ['B@example.com', 'a@example.com'] });
    const repeated = await create({ notification_channel: turned });
    expect(refusalOf(repeated)).toEqual({ status: 409, code: 'conflict', param: null });
    expect(repeated.body.error.message).toContain(body.id);
    const others = [
      { threshold_amount: 5_001, notification_channel: turned },
      { notification_channel: channel({ recipients: ['a@example.com'] }) },
      { notification_channel: channel({ recipients, subject_prefix: 'us' }) },
    ];
    for (const other of others) expect((await create(other)).status).toBe(200);
    const raced = await Promise.all([1, 2].map(() => create({ threshold_amount: 9 })));
    expect(raced.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect((await list()).ids).toHaveLength(5);
  });

  test('makes one alert of calls that carry the same Idempotency-Key', async () => {
    const { call, list, path } = await project();
    const again = { path, body: order(), headers: { 'Idempotency-Key': 'once' } };
    const answers = await Promise.all([call(`POST ${ALERTS}`, again), call(`POST ${ALERTS}`, again)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect((await list()).ids).toHaveLength(1);
    const [, refused] = answers.toSorted((a, b) => a.status - b.status);
    expect(refused?.body.error.message).not.toContain('secret');
  });

  const recipients = (all: unknown) => ({ notification_channel: channel({ recipients: all }) });
  const place = 'notification_channel.recipients';
  test.each<[string, object, string, string]>([
    ['another currency', { currency: 'EUR' }, 'invalid_value', 'currency'],
    ['another interval', { interval: 'week' }, 'invalid_value', 'interval'],
    [
      'a threshold that is reached before anything is spent',
      { threshold_amount: 0 },
      'invalid_value',
      'threshold_amount',
    ],
    ['a fraction', { threshold_amount: 0.5 }, 'invalid_type', 'threshold_amount'],
    ['no channel', { notification_channel: undefined }, 'missing_required_parameter', 'notification_channel'],
    [
      'another channel',
      { notification_channel: channel({ type: 'sms' }) },
      'invalid_value',
      'notification_channel.type',
    ],
    ['nobody', recipients([]), 'invalid_value', place],
    [
      '11 people',
      recipients(Array.from({ length: 11 }, (_, i) => `a${i}@b.example`)),
      'invalid_value',
      place,
    ],
    ['one twice', recipients(['a@b.example', 'A@b.example']), 'invalid_value', place],
    ['no address', recipients(['team']), 'invalid_value', `${place}[0]`],
    ['a line break', recipients(['a@b.example\n']), 'invalid_value', `${place}[0]`],
    ['a list in one', recipients(['a@b.example,c@d.example']), 'invalid_value', `${place}[0]`],
    [
      'an unprintable prefix',
      { notification_channel: channel({ subject_prefix: 'a\nBcc: b' }) },
      'invalid_value',
      'notification_channel.subject_prefix',
    ],
    [
      'a long prefix',
      { notification_channel: channel({ subject_prefix: 'p'.repeat(101) }) },
      'invalid_value',
      'notification_channel.subject_prefix',
    ],
    ['another field', { active: true }, 'unsupported_parameter', 'active'],
  ])('refuses %s by name and without effect', async (_, over, code, param) => {
    const { create, list } = await project();
    expect(refusalOf(await create(over))).toEqual({ status: 400, code, param });
    expect((await list()).ids).toEqual([]);
  });
});

describe('one alert', () => {
  test('is retrieved, replaced whole, and recorded', async () => {
    const { create, one, path, audit } = await project();
    const created = await create({ notification_channel: channel({ subject_prefix: 'x' }) });
    const alert_id = created.body.id;
    expect((await one('GET', { alert_id })).body).toEqual(created.body);
    const updated = await one('POST', { alert_id, body: order({ threshold_amount: 1 }) });
    expect(updated).toMatchObject({
      status: 200,
      body: { id: alert_id, threshold_amount: 1, notification_channel: { subject_prefix: null } },
    });
    expect((await one('GET', { alert_id })).body).toEqual(updated.body);
    expect(audit(path.project_id)[2]).toEqual({
      type: 'project.spend_alert.updated',
      subject: { id: alert_id, project_id: path.project_id, threshold_amount: 1, recipients: 1 },
    });
  });

  test('keeps each of two changes that are made at once as an event', async () => {
    const { create, one, path, audit } = await project();
    const alert_id = (await create()).body.id;
    const change = (threshold_amount: number) => one('POST', { alert_id, body: order({ threshold_amount }) });
    const answers = await Promise.all([change(1), change(2)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(audit(path.project_id)).toHaveLength(4);
  });

  test('is gone once deleted', async () => {
    const { create, one, list, path, audit } = await project();
    const alert_id = (await create()).body.id;
    const deleted = await one('DELETE', { alert_id });
    expect([deleted.status, deleted.body]).toEqual([
      200,
      { id: alert_id, object: 'project.spend_alert.deleted', deleted: true },
    ]);
    expect(refusalOf(await one('DELETE', { alert_id }))).toEqual(unknown);
    expect(refusalOf(await one('GET', { alert_id }))).toEqual(unknown);
    expect((await list()).ids).toEqual([]);
    expect(audit(path.project_id).slice(2)).toEqual([
      { type: 'project.spend_alert.deleted', subject: { id: alert_id, project_id: path.project_id } },
    ]);
  });

  test.each(['GET', 'POST', 'DELETE'])('%s of another project’s is as of an unknown one', async (method) => {
    const { create, one, newProject, path, audit } = await project();
    const alert_id = (await create()).body.id;
    const other = await newProject();
    const foreign = other.replace('proj_', 'alert_') + alert_id.slice(-10);
    for (const of of [
      { alert_id, project_id: other },
      { alert_id: foreign, project_id: other },
      { alert_id: foreign },
      { alert_id: 'alert_x' },
      { alert_id, project_id: unknownProject() },
    ]) {
      expect(refusalOf(await one(method, { ...of, body: order() }))).toEqual(unknown);
    }
    expect(audit(path.project_id)).toHaveLength(2);
  });

  test('stays as it is in an archived project, and without the scope', async () => {
    const { call, create, one, list, path } = await project();
    const alert_id = (await create()).body.id;
    const principal = adminPrincipal({ scopes: ['limits:read'] });
    expect((await call(`POST ${ALERTS}`, { path, body: order(), principal })).status).toBe(403);
    await call(`POST ${PROJECT}/archive`, { path });
    const refusals = [
      await create(),
      await one('POST', { alert_id, body: order({ threshold_amount: 1 }) }),
      await one('DELETE', { alert_id }),
    ];
    expect(refusals.map(({ status }) => status)).toEqual([409, 409, 409]);
    expect((await list()).body.data).toMatchObject([{ id: alert_id, threshold_amount: 5_000 }]);
  });
});

describe('GET …/spend_alerts', () => {
  test('pages by creation, both ways and in both orders', async () => {
    const { create, list, advance } = await project();
    const made: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      made.push((await create({ threshold_amount: 1 + count })).body.id);
      advance(1_000);
    }
    const [a, b, c, d, e] = made;
    expect(await list()).toMatchObject({ ids: made, more: false, body: { first_id: a, last_id: e } });
    expect(await list({ limit: ['2'] })).toMatchObject({ ids: [a, b], more: true });
    expect(await list({ limit: ['2'], after: [b ?? ''] })).toMatchObject({ ids: [c, d], more: true });
    expect(await list({ limit: ['2'], after: [d ?? ''] })).toMatchObject({ ids: [e], more: false });
    expect(await list({ limit: ['2'], before: [d ?? ''] })).toMatchObject({ ids: [b, c], more: true });
    expect(await list({ limit: ['2'], before: [c ?? ''] })).toMatchObject({ ids: [a, b], more: false });
    expect(await list({ order: ['desc'], limit: ['2'] })).toMatchObject({ ids: [e, d], more: true });
    const back = { order: ['desc'], limit: ['2'] };
    expect(await list({ ...back, after: [d ?? ''] })).toMatchObject({ ids: [c, b], more: true });
    expect(await list({ ...back, before: [b ?? ''] })).toMatchObject({ ids: [d, c], more: true });
  });

  test.each<[Record<string, string[]>, string, string]>([
    [{ active: ['true'] }, 'unsupported_parameter', 'active'],
    [{ order: ['newest'] }, 'invalid_value', 'order'],
    [{ limit: ['101'] }, 'invalid_value', 'limit'],
    [{ after: ['alert_00000000000000000000'] }, 'invalid_value', 'after'],
    [{ before: ['alert_x'] }, 'invalid_value', 'before'],
  ])('refuses %j by name', async (query, code, param) => {
    const { list } = await project();
    expect(refusalOf(await list(query))).toEqual({ status: 400, code, param });
  });

  test('refuses another project’s cursor like an unknown one, and finds no unknown project', async () => {
    const { call, create, newProject } = await project();
    const after = [(await create()).body.id];
    const path = { project_id: await newProject() };
    const refused = await call(`GET ${ALERTS}`, { path, query: { after } });
    expect(refusalOf(refused)).toEqual({ status: 400, code: 'invalid_value', param: 'after' });
    const nowhere = await call(`GET ${ALERTS}`, { path: { project_id: unknownProject() } });
    expect(refusalOf(nowhere)).toEqual(unknown);
  });
});
