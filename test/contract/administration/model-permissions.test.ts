import { parseProjectId } from '../../../shared/domain/ids.ts';
import { MODEL_PERMISSIONS_BYTES_MAX } from '../../../shared/domain/model-access.ts';
import { administration, refusalOf, unknownProject } from '../../support/administration-fixture.ts';
import { adminPrincipal } from '../../support/gateway-event.ts';

const PROJECT = '/organization/projects/{project_id}';
const PERMISSIONS = `${PROJECT}/model_permissions`;
/** A model that inference profiles alone lead to. */
const BEHIND = 'deepseek.r1-v1:0';
const PROFILE = 'arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2c3d4e5f6';
const none = { status: 404, code: 'not_found', param: null };

async function project() {
  const plane = administration();
  const path = { project_id: await plane.newProject() };
  return {
    ...plane,
    path,
    retrieve: () => plane.call(`GET ${PERMISSIONS}`, { path }),
    update: (body: object) => plane.call(`POST ${PERMISSIONS}`, { path, body }),
    remove: () => plane.call(`DELETE ${PERMISSIONS}`, { path }),
  };
}

describe('the model permissions of a project', () => {
  test('are set, replaced and shown, and are the tenant’s own', async () => {
    const { retrieve, update, path, audit, tenancy } = await project();
    const first = await update({
      mode: 'allow_list',
      model_ids: ['amazon.*', 'amazon.nova-lite-v1:0', 'amazon.*'],
    });
    expect([first.status, first.body]).toEqual([
      200,
      {
        object: 'project.model_permissions',
        mode: 'allow_list',
        model_ids: ['amazon.*', 'amazon.nova-lite-v1:0'],
      },
    ]);
    const second = await update({ mode: 'deny_list', model_ids: ['anthropic.*'] });
    expect((await retrieve()).body).toEqual(second.body);
    const tenant = parseProjectId(path.project_id);
    if (tenant === undefined) throw new Error(path.project_id);
    expect(await tenancy.readTenant(tenant)).toMatchObject({
      modelPermissions: { mode: 'deny_list', models: ['anthropic.*'] },
      revision: 3,
      limits: { version: 3 },
    });
    expect(audit(path.project_id)[2]).toEqual({
      type: 'project.model_permissions.updated',
      subject: { id: path.project_id, mode: 'deny_list', model_ids: ['anthropic.*'] },
    });
  });

  test('are not found where there are none, and are removed again and again as one event', async () => {
    const { retrieve, update, remove, path, audit } = await project();
    expect(refusalOf(await retrieve())).toEqual(none);
    await update({ mode: 'allow_list', model_ids: ['amazon.*'] });
    const removed = await remove();
    expect([removed.status, removed.body]).toEqual([
      200,
      { object: 'project.model_permissions.deleted', deleted: true },
    ]);
    expect((await remove()).body).toEqual(removed.body);
    expect(refusalOf(await retrieve())).toEqual(none);
    expect(audit(path.project_id).slice(2)).toEqual([
      { type: 'project.model_permissions.deleted', subject: { id: path.project_id } },
    ]);
  });

  test.each<[mode: string, models: readonly string[], param: string, words: string]>([
    [
      'deny_list',
      ['amazon.*', 'amazon.nova-lite-v1'],
      'model_ids[1]',
      "'amazon.nova-lite-v1' matches no model",
    ],
    ['deny_list', ['anthropc.*'], 'model_ids[0]', 'so it would deny nothing'],
    [
      'allow_list',
      ['gpt-4o'],
      'model_ids[0]',
      'so it would allow nothing. Name models that GET /v1/models lists',
    ],
    ['deny_list', ['team/fast'], 'model_ids[0]', "Aliases are not named here: name 'amazon.nova-lite-v1:0'."],
    ['deny_list', ['gpt-4.1'], 'model_ids[0]', "Aliases are not named here: name 'amazon.nova-pro-v1:0'."],
    ['deny_list', ['team/profile'], 'model_ids[0]', 'name the model that its inference profile leads to.'],
    ['allow_list', [BEHIND], 'model_ids[0]', `.${BEHIND}`],
    ['allow_list', ['amazon.nova-lite-v1:1'], 'model_ids[0]', 'Close to it: amazon.nova-lite-v1:0'],
  ])(
    'refuse what matches no model, naming the entry and the remedy: %s %j',
    async (mode, model_ids, param, words) => {
      const { call, update, retrieve, path } = await project();
      const aliases = { 'team/fast': 'amazon.nova-lite-v1:0', 'team/profile': PROFILE };
      await call(`POST ${PROJECT}/model_aliases`, { path, body: { aliases } });
      const answer = await update({ mode, model_ids });
      expect(refusalOf(answer)).toEqual({ status: 400, code: 'invalid_value', param });
      expect(answer.body.error.message).toContain(words);
      expect(answer.body.error.message).not.toContain(PROFILE);
      expect((await retrieve()).status).toBe(404);
    },
  );

  test('deny a model by the id that is behind its profiles, which alone is no model here', async () => {
    const { update } = await project();
    const models = [BEHIND, 'anthropic.*', 'global.*'];
    expect((await update({ mode: 'deny_list', model_ids: models })).body.model_ids).toEqual(models);
  });

  const long = (length: number) => Array.from({ length }, (_, index) => `${'m'.repeat(58)}-${index + 10}`);
  test.each<[string, object, string, string]>([
    ['no mode', { model_ids: ['a'] }, 'missing_required_parameter', 'mode'],
    ['another mode', { mode: 'all', model_ids: ['a'] }, 'invalid_value', 'mode'],
    ['no list', { mode: 'allow_list' }, 'missing_required_parameter', 'model_ids'],
    ['an empty list', { mode: 'allow_list', model_ids: [] }, 'invalid_value', 'model_ids'],
    ['a star inside', { mode: 'allow_list', model_ids: ['a*b'] }, 'invalid_value', 'model_ids[0]'],
    ['21 models', { mode: 'allow_list', model_ids: Array(21).fill('a') }, 'invalid_value', 'model_ids'],
    ['too many characters', { mode: 'deny_list', model_ids: long(20) }, 'invalid_value', 'model_ids'],
    ['another field', { mode: 'allow_list', model_ids: ['a'], x: 1 }, 'unsupported_parameter', 'x'],
  ])('are refused by name with %s, and without effect', async (_, body, code, param) => {
    const { update, retrieve } = await project();
    expect(refusalOf(await update(body))).toEqual({ status: 400, code, param });
    expect((await retrieve()).status).toBe(404);
  });

  test('may be as long as travels with a request, and no byte longer', async () => {
    const { update } = await project();
    const listOf = (bytes: number) => {
      const models = long(18);
      const pad = bytes - JSON.stringify({ mode: 'deny_list', models: [...models, ''] }).length;
      return { mode: 'deny_list', model_ids: [...models, 'p'.repeat(pad)] };
    };
    const refusedFor = async (bytes: number) => refusalOf(await update(listOf(bytes))).param;
    // One that is short enough is looked at: none of these names is a model's.
    expect(await refusedFor(MODEL_PERMISSIONS_BYTES_MAX)).toBe('model_ids[0]');
    expect(await refusedFor(MODEL_PERMISSIONS_BYTES_MAX + 1)).toBe('model_ids');
  });

  test('are not found in an unknown project, and stay as they are in an archived one', async () => {
    const { call, update, remove, retrieve, path } = await project();
    const body = { mode: 'allow_list', model_ids: ['amazon.*'] };
    for (const method of ['GET', 'POST', 'DELETE']) {
      const answer = await call(`${method} ${PERMISSIONS}`, { path: { project_id: unknownProject() }, body });
      expect(refusalOf(answer)).toEqual(none);
    }
    await update(body);
    const principal = adminPrincipal({ scopes: ['keys:write'] });
    expect((await call(`GET ${PERMISSIONS}`, { path, principal })).status).toBe(403);
    await call(`POST ${PROJECT}/archive`, { path });
    expect((await update(body)).status).toBe(409);
    expect((await remove()).status).toBe(409);
    expect((await retrieve()).body.model_ids).toEqual(['amazon.*']);
  });
});
