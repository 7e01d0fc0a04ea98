import { replace } from '../../../shared/domain/change.ts';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import { parseProjectId } from '../../../shared/domain/ids.ts';
import type { TenancyStore } from '../../../shared/ports.ts';
import { administration, refusalOf, unknownProject } from '../../support/administration-fixture.ts';
import { adminPrincipal } from '../../support/gateway-event.ts';

const PROJECT = '/organization/projects/{project_id}';
const ALIASES = `${PROJECT}/model_aliases`;
const NOVA = 'amazon.nova-lite-v1:0';
const MICRO = 'amazon.nova-micro-v1:0';
const ARN = 'arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2c3d4e5f6';

async function project(over?: (store: TenancyStore) => Partial<TenancyStore>) {
  const plane = administration(over);
  const path = { project_id: await plane.newProject() };
  const tenant = parseProjectId(path.project_id);
  if (tenant === undefined) throw new Error(path.project_id);
  return {
    ...plane,
    path,
    tenant,
    retrieve: () => plane.call(`GET ${ALIASES}`, { path }),
    set: (aliases: unknown) => plane.call(`POST ${ALIASES}`, { path, body: { aliases } }),
    version: async () => (await plane.tenancy.readTenant(tenant))?.settingsVersion,
  };
}

const objectOf = (aliases: object) => ({ object: 'project.model_aliases', aliases });

describe('the model aliases of a project', () => {
  test('are none at first; what is set replaces all, acts by its version, and is audited with what each name meant and means', async () => {
    const { retrieve, set, settings, tenancy, tenant, audit, path } = await project();
    expect([(await retrieve()).status, (await retrieve()).body]).toEqual([200, objectOf({})]);
    const first = { 'gpt-4o': NOVA, 'team/fast': ARN };
    const answered = await set(first);
    expect([answered.status, answered.body]).toEqual([200, objectOf(first)]);
    expect((await retrieve()).body).toEqual(objectOf(first));
    expect(await tenancy.readTenant(tenant)).toMatchObject({
      ...{ settingsVersion: 1, revision: 2 },
      limits: { version: 2 },
    });
    await set({ 'gpt-4o-mini': MICRO });
    expect((await retrieve()).body).toEqual(objectOf({ 'gpt-4o-mini': MICRO }));
    expect(await settings.read(tenant, 1)).toEqual({ modelAliases: first });
    await set({});
    expect((await retrieve()).body).toEqual(objectOf({}));
    const event = (aliases: readonly string[], facts: object) => ({
      type: 'project.model_aliases.updated',
      subject: { id: path.project_id, aliases, ...facts },
    });
    const changed = (name: string, from: string | null, to: string | null) => ({
      [`aliases.${name}`]: to,
      [`previous.aliases.${name}`]: from,
    });
    expect(audit(path.project_id).slice(1)).toEqual([
      event(['gpt-4o', 'team/fast'], {
        ...changed('gpt-4o', null, NOVA),
        ...changed('team/fast', null, ARN),
      }),
      event(['gpt-4o-mini'], {
        ...changed('gpt-4o-mini', null, MICRO),
        ...changed('gpt-4o', NOVA, null),
        ...changed('team/fast', ARN, null),
      }),
      event([], changed('gpt-4o-mini', MICRO, null)),
    ]);
  });

  test('tell a name that means what it meant in no event, and a changed one with both', async () => {
    const { set, audit, path } = await project();
    await set({ kept: NOVA, moved: NOVA });
    await set({ kept: NOVA, moved: MICRO });
    expect(audit(path.project_id)[2]).toEqual({
      type: 'project.model_aliases.updated',
      subject: {
        ...{ id: path.project_id, aliases: ['kept', 'moved'] },
        ...{ 'aliases.moved': MICRO, 'previous.aliases.moved': NOVA },
      },
    });
  });

  test('can be set anew where those in force cannot be read, and are told without what they were', async () => {
    const { set, audit, path, tenancy, tenant } = await project();
    const before = await tenancy.readTenant(tenant);
    if (before === undefined) throw new Error('No tenant.');
    const broken = { ...before, settingsVersion: 99, revision: before.revision + 1 };
    await tenancy.commit({ writes: [replace({ type: 'tenant', value: broken })], audit: [] });
    expect((await set({ a: NOVA })).status).toBe(200);
    expect(audit(path.project_id)[1]).toEqual({
      type: 'project.model_aliases.updated',
      subject: { id: path.project_id, aliases: ['a'], 'aliases.a': NOVA },
    });
  });

  test('are kept before they are in force, so that a crash between them changes nothing', async () => {
    const crash = { now: false };
    const plane = await project((store) => ({
      commit: async (change) => {
        if (crash.now) throw new Error('The process died.');
        return store.commit(change);
      },
    }));
    await plane.set({ a: NOVA });
    crash.now = true;
    expect((await plane.set({ a: MICRO })).status).toBe(500);
    crash.now = false;
    expect(await plane.settings.read(plane.tenant, 2)).toEqual({ modelAliases: { a: MICRO } });
    expect((await plane.retrieve()).body).toEqual(objectOf({ a: NOVA }));
    expect((await plane.set({ a: MICRO })).status).toBe(200);
    expect([await plane.version(), (await plane.retrieve()).body]).toEqual([3, objectOf({ a: MICRO })]);
  });

  test.each<[string, unknown, string, string | null]>([
    ['no map', undefined, 'missing_required_parameter', 'aliases'],
    ['a list', [], 'invalid_type', 'aliases'],
    ['a number', { a: 1 }, 'invalid_type', 'aliases.a'],
    ['an empty name', { '': NOVA }, 'invalid_value', 'aliases.'],
    ['a blank in a name', { 'gpt 4': NOVA }, 'invalid_value', 'aliases.gpt 4'],
    ['a name of 65 characters', { ['a'.repeat(65)]: NOVA }, 'invalid_value', `aliases.${'a'.repeat(64)}`],
    ['a name like an ARN', { [ARN.slice(0, 40)]: NOVA }, 'invalid_value', `aliases.${ARN.slice(0, 40)}`],
    ['a model’s name', { [MICRO]: NOVA }, 'invalid_value', `aliases.${MICRO}`],
    ['a prototype', JSON.parse(`{"__proto__":"${NOVA}"}`), 'invalid_json', null],
    ['an unknown model', { a: 'gpt-4o' }, 'invalid_value', 'aliases.a'],
    ['an alias of an alias', { a: 'b', b: NOVA }, 'invalid_value', 'aliases.a'],
    ['itself', { a: 'a' }, 'invalid_value', 'aliases.a'],
    ['a system profile’s ARN', { a: ARN.replace('application-', '') }, 'invalid_value', 'aliases.a'],
    ['another service’s ARN', { a: ARN.replace('bedrock', 's3') }, 'invalid_value', 'aliases.a'],
    [
      'a profile of another region',
      { a: ARN.replace('eu-west-1', 'eu-west-2') },
      'invalid_value',
      'aliases.a',
    ],
    ['a model that makes images', { a: 'amazon.nova-canvas-v1:0' }, 'invalid_value', 'aliases.a'],
    ['an ARN with more behind it', { a: `${ARN}\n` }, 'invalid_value', 'aliases.a'],
    [
      '51 names',
      Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`a${index}`, NOVA])),
      'invalid_value',
      'aliases',
    ],
    [
      'more than 4,096 bytes',
      Object.fromEntries(Array.from({ length: 45 }, (_, index) => [`alias-number-${index}`, ARN])),
      'invalid_value',
      'aliases',
    ],
  ])('refuse %s by name and without effect', async (_, aliases, code, param) => {
    const { set, version, settings, tenant, audit, path } = await project();
    expect(refusalOf(await set(aliases))).toEqual({ status: 400, code, param });
    expect([await version(), audit(path.project_id).length]).toEqual([undefined, 1]);
    await expect(settings.read(tenant, 1)).rejects.toThrow('no version 1');
  });

  test.each<[string, () => Promise<string>]>([
    ['there is none', async () => Promise.reject(new GatewayError('model_not_found', `None at ${ARN}.`))],
    ['its model makes images', async () => 'amazon.nova-canvas-v1:0'],
    ['its model is not of the deployment', async () => 'gpt-4o'],
  ])('refuse a profile that leads to nothing here, for %s, naming the alias', async (_, modelOf) => {
    const { set, profiles, version, settings, tenant } = await project();
    profiles.modelOf = modelOf;
    const refused = await set({ near: NOVA, team: ARN });
    expect(refusalOf(refused)).toEqual({ status: 400, code: 'invalid_value', param: 'aliases.team' });
    expect(refused.body.error.message).toContain('there is no inference profile of this ARN in use');
    expect(refused.body.error.message).not.toContain(ARN);
    expect(await version()).toBeUndefined();
    await expect(settings.read(tenant, 1)).rejects.toThrow('no version 1');
  });

  test('are not set where Bedrock cannot say where a profile leads', async () => {
    const { set, profiles, version, settings, tenant } = await project();
    profiles.modelOf = async () => Promise.reject(new GatewayError('service_unavailable', 'Down.'));
    expect(refusalOf(await set({ team: ARN }))).toMatchObject({ status: 503, code: 'service_unavailable' });
    expect(await version()).toBeUndefined();
    await expect(settings.read(tenant, 1)).rejects.toThrow('no version 1');
    expect((await set({ team: NOVA })).status).toBe(200);
  });

  test('may be 50, of every character that a name may have', async () => {
    const { set } = await project();
    const aliases = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`Ab_.:/-${index}`, NOVA]));
    expect((await set(aliases)).body).toEqual(objectOf(aliases));
  });

  test('need projects:read and projects:write, and a project that is there and not archived', async () => {
    const { call, path, settings, tenant } = await project();
    const body = { aliases: { a: NOVA } };
    const as = (...scopes: ('projects:read' | 'projects:write' | 'limits:write')[]) =>
      adminPrincipal({ scopes });
    const statuses = await Promise.all([
      call(`GET ${ALIASES}`, { path, principal: as('projects:read') }),
      call(`GET ${ALIASES}`, { path, principal: as('limits:write') }),
      call(`POST ${ALIASES}`, { path, body, principal: as('projects:read', 'limits:write') }),
      call(`GET ${ALIASES}`, { path: { project_id: unknownProject() } }),
      call(`POST ${ALIASES}`, { path: { project_id: unknownProject() }, body }),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([200, 403, 403, 404, 404]);
    await call(`POST ${PROJECT}/archive`, { path });
    expect((await call(`POST ${ALIASES}`, { path, body })).status).toBe(409);
    await expect(settings.read(tenant, 1)).rejects.toThrow('no version 1');
  });
});
