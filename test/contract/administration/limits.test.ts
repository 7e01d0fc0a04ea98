/** Limits beyond those of OpenAI's own objects: of a project, its models and its service accounts. */
import * as fc from 'fast-check';
import { CATALOGUE } from '../../../shared/domain/catalogue.ts';
import { parseProjectId } from '../../../shared/domain/ids.ts';
import { LIMIT_NAMES } from '../../../shared/domain/limits.ts';
import { modelBehind } from '../../../shared/domain/model-access.ts';
import { MODEL_LIMITS_BYTES_MAX } from '../../../shared/domain/packed-limits.ts';
import { administration, refusalOf } from '../../support/administration-fixture.ts';
import { adminPrincipal } from '../../support/gateway-event.ts';

const PROJECT = '/organization/projects/{project_id}';
const ACCOUNTS = `${PROJECT}/service_accounts`;
const NOVA = 'amazon.nova-lite-v1:0';
const CLAUDE = 'anthropic.claude-haiku-4-5-20251001-v1:0';

const WIRE_NAMES = [
  'requests_per_minute',
  'requests_per_day',
  'tokens_per_minute',
  'tokens_per_day',
  'tokens_per_month',
  'usd_per_day',
  'usd_per_month',
] as const;
const NO_LIMITS = { ...Object.fromEntries(WIRE_NAMES.map((name) => [name, null])), shadow: [] };

async function project(limits: object | undefined = undefined) {
  const plane = administration();
  const project_id = await plane.newProject(limits === undefined ? {} : { limits });
  const path = { project_id };
  const update = (body: object) => plane.call(`POST ${PROJECT}`, { path, body });
  return {
    ...plane,
    path,
    update,
    set: (asked: object) => update({ limits: asked }),
    show: async () => (await plane.call(`GET ${PROJECT}`, { path })).body,
    stored: async () => {
      const tenant = parseProjectId(project_id);
      return tenant === undefined ? undefined : await plane.tenancy.readTenant(tenant);
    },
  };
}

describe('the limits of a project', () => {
  test('are set, answered and kept, with how they count', async () => {
    const { set, show, stored } = await project();
    const asked = {
      requests_per_minute: 60,
      requests_per_day: 1_000,
      tokens_per_minute: 50_000,
      tokens_per_day: 1_000_000,
      tokens_per_month: 20_000_000,
      usd_per_day: 2.5,
      usd_per_month: 40,
      shadow: ['requests_per_minute', 'usd_per_day'],
      smoothing: '10s',
      token_counting: 'bedrock',
      estimation: 'balanced',
    };
    const { status, body } = await set(asked);
    expect([status, body.limits]).toEqual([
      200,
      { inflight_requests: 100, default_max_completion_tokens: 4096, ...asked, models: {} },
    ]);
    expect((await show()).limits).toEqual(body.limits);
    expect((await stored())?.limits).toEqual({
      version: 2,
      inflightMax: 100,
      outputTokensDefault: 4096,
      requestsPerMinute: 60,
      requestsPerDay: 1_000,
      tokensPerMinute: 50_000,
      tokensPerDay: 1_000_000,
      tokensPerMonth: 20_000_000,
      nanoUsdPerDay: 2_500_000_000,
      nanoUsdPerMonth: 40_000_000_000,
      shadow: ['requestsPerMinute', 'nanoUsdPerDay'],
      smoothing: '10s',
      tokenCounting: 'bedrock',
      estimation: 'balanced',
    });
  });

  test('are kept where nothing is said, and all are removed by null', async () => {
    const { set, update, stored } = await project({ tokens_per_day: 5, shadow: ['tokens_per_day'] });
    await set({ smoothing: '10s', estimation: 'balanced', models: { [NOVA]: { usd_per_day: 1 } } });
    expect((await stored())?.limits).toMatchObject({ tokensPerDay: 5, shadow: ['tokensPerDay'] });
    await set({ smoothing: null, estimation: null });
    expect((await stored())?.limits).toEqual({
      ...{ version: 3, inflightMax: 100, outputTokensDefault: 4096 },
      ...{ tokensPerDay: 5, shadow: ['tokensPerDay'] },
      models: [{ model: NOVA, limits: { nanoUsdPerDay: 1_000_000_000 } }],
    });
    await update({ limits: null });
    expect((await stored())?.limits).toEqual({ version: 4, inflightMax: 100, outputTokensDefault: 4096 });
  });

  test.each<[object, string, string]>([
    [{ tokens_per_day: 0 }, 'invalid_value', 'limits.tokens_per_day'],
    [{ tokens_per_day: -1 }, 'invalid_value', 'limits.tokens_per_day'],
    [{ tokens_per_day: 1.5 }, 'invalid_type', 'limits.tokens_per_day'],
    [{ tokens_per_day: '5' }, 'invalid_type', 'limits.tokens_per_day'],
    [{ tokens_per_month: 1_000_000_000_001 }, 'invalid_value', 'limits.tokens_per_month'],
    [{ tokens_per_minute: 1_000_000_001 }, 'invalid_value', 'limits.tokens_per_minute'],
    [{ requests_per_day: 1_000_000_001 }, 'invalid_value', 'limits.requests_per_day'],
    [{ usd_per_day: 0.0000000005 }, 'invalid_value', 'limits.usd_per_day'],
    [{ usd_per_day: 1.0000000001 }, 'invalid_value', 'limits.usd_per_day'],
    [{ tokens_per_month: 1e300 }, 'invalid_value', 'limits.tokens_per_month'],
    [{ usd_per_day: 0 }, 'invalid_value', 'limits.usd_per_day'],
    [{ usd_per_day: -0.01 }, 'invalid_value', 'limits.usd_per_day'],
    [{ usd_per_day: 1_000_000.01 }, 'invalid_value', 'limits.usd_per_day'],
    [{ usd_per_day: 'NaN' }, 'invalid_type', 'limits.usd_per_day'],
    [{ smoothing: '1m' }, 'invalid_value', 'limits.smoothing'],
    [{ token_counting: 'characters' }, 'invalid_value', 'limits.token_counting'],
    [{ estimation: 'loose' }, 'invalid_value', 'limits.estimation'],
    [{ shadow: ['tokens'] }, 'invalid_value', 'limits.shadow[0]'],
    [{ shadow: ['requests_per_day'] }, 'invalid_value', 'limits.shadow[0]'],
    [{ shadow: 'requests_per_minute' }, 'invalid_type', 'limits.shadow'],
    [{ requests_per_minute: null, shadow: ['requests_per_minute'] }, 'invalid_value', 'limits.shadow[0]'],
    [{ tokens_per_year: 1 }, 'unsupported_parameter', 'limits.tokens_per_year'],
    [{ models: [] }, 'invalid_type', 'limits.models'],
    [{ models: { 'gpt-4o': { usd_per_day: 1 } } }, 'invalid_value', 'limits.models.gpt-4o'],
    [{ models: { 'gpt-4o': null } }, 'invalid_value', 'limits.models.gpt-4o'],
    [{ models: { [`zz.${NOVA}`]: { usd_per_day: 1 } } }, 'invalid_value', `limits.models.zz.${NOVA}`],
    [{ models: { [NOVA]: { usd_per_day: 0 } } }, 'invalid_value', `limits.models.${NOVA}.usd_per_day`],
    [
      { models: { [NOVA]: { smoothing: '10s' } } },
      'unsupported_parameter',
      `limits.models.${NOVA}.smoothing`,
    ],
    [{ models: { [NOVA]: { shadow: ['usd_per_day'] } } }, 'invalid_value', `limits.models.${NOVA}.shadow[0]`],
  ])('refuse %j by name and without effect', async (limits, code, param) => {
    const { set, stored } = await project({ requests_per_minute: 3 });
    const before = await stored();
    expect(refusalOf(await set(limits))).toEqual({ status: 400, code, param });
    expect(await stored()).toEqual(before);
  });

  test.each([
    ['{"usd_per_month":1e999}', 'it must be at most 1000000.'],
    ['{"usd_per_month":-1e999}', 'it must be at least 0.000000001.'],
    ['{"usd_per_month":0}', 'it must be at least 0.000000001.'],
    ['{"usd_per_month":1e-10}', 'it must have at most nine decimals, and be at least 0.000000001.'],
    ['{"usd_per_month":0.12345678901}', 'it must have at most nine decimals, and be at least 0.000000001.'],
    ['{"tokens_per_month":1e999}', 'it must be at most 1000000000000.'],
    ['{"requests_per_minute":1e999}', 'it must be at most 1000000000.'],
  ])('of %s are refused with the bound that it passes', async (json, words) => {
    const { call, path } = await project();
    const [name] = Object.keys(JSON.parse(json));
    // The text as it comes: what is written of it again is null.
    const refused = await call(`POST ${PROJECT}`, { path, body: `{"limits":${json}}` });
    expect(refusalOf(refused)).toEqual({ status: 400, code: 'invalid_value', param: `limits.${name}` });
    expect(refused.body.error.message).toBe(`Invalid value for 'limits.${name}': ${words}`);
  });

  test.each([
    ['smoothing', "it must be '10s' or null."],
    ['token_counting', "it must be 'bedrock', 'total' or null."],
    ['estimation', "it must be 'strict', 'balanced' or null."],
  ])('name null among the choices of %s', async (name, words) => {
    const { set } = await project();
    const { body } = await set({ [name]: 'other' });
    expect(body.error.message).toBe(`Invalid value for 'limits.${name}': ${words}`);
  });

  test('count every token once by the word total as by null', async () => {
    const { set, stored } = await project({ token_counting: 'bedrock' });
    expect((await set({ token_counting: 'total' })).body.limits.token_counting).toBeNull();
    expect((await stored())?.limits).not.toHaveProperty('tokenCounting');
  });

  test('hold a trillion tokens a day and a month, and a nano-dollar', async () => {
    const { set, show } = await project();
    const limits = { tokens_per_day: 1e12, tokens_per_month: 1e12, usd_per_day: 1e-9, usd_per_month: 1e6 };
    expect((await set(limits)).status).toBe(200);
    expect((await show()).limits).toMatchObject(limits);
  });

  test('refuse a model’s __proto__, which is not one', async () => {
    const { set } = await project();
    const limits = JSON.parse('{"models":{"__proto__":{"usd_per_day":1}}}');
    expect(refusalOf(await set(limits))).toMatchObject({ status: 400 });
  });
});

describe('shadow', () => {
  test('loses a limit that is removed, and nothing else', async () => {
    const { set, show } = await project({
      ...{ requests_per_minute: 1, tokens_per_day: 2 },
      shadow: ['tokens_per_day', 'requests_per_minute', 'tokens_per_day'],
    });
    expect((await show()).limits.shadow).toEqual(['requests_per_minute', 'tokens_per_day']);
    await set({ tokens_per_day: null });
    expect((await show()).limits.shadow).toEqual(['requests_per_minute']);
    await set({ tokens_per_day: 5 });
    expect((await show()).limits.shadow).toEqual(['requests_per_minute']);
    await set({ shadow: null });
    expect((await show()).limits).toMatchObject({ requests_per_minute: 1, tokens_per_day: 5, shadow: [] });
  });

  test('never names a limit that is not set, after any changes, a spend limit’s removal among them', async () => {
    const value = fc.option(fc.integer({ min: 1, max: 9 }), { freq: 2 });
    const change = fc.record(Object.fromEntries(WIRE_NAMES.map((name) => [name, value])), {
      requiredKeys: [],
    });
    const asked = fc.record(
      { limits: change, shadow: fc.subarray([...WIRE_NAMES]), unspend: fc.constant(true) },
      { requiredKeys: ['limits'] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(asked, { maxLength: 8 }), async (changes) => {
        const plane = await project();
        const limitsThatHold = async () => {
          const limits = (await plane.stored())?.limits;
          const set = LIMIT_NAMES.filter((name) => limits?.[name] !== undefined);
          expect(set).toEqual(expect.arrayContaining([...(limits?.shadow ?? [])]));
          return limits;
        };
        for (const { limits, shadow, unspend } of changes) {
          if (unspend === true) await plane.call(`DELETE ${PROJECT}/spend_limit`, { path: plane.path });
          const before = await limitsThatHold();
          const { status } = await plane.set({ ...limits, ...(shadow !== undefined && { shadow }) });
          const after = await limitsThatHold();
          if (status !== 200) expect(after).toEqual(before);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('the limits of a model', () => {
  test('are kept for the model behind its profiles, changed field by field, and removed by null', async () => {
    const { set, show, stored } = await project();
    const first = { [`us.${CLAUDE}`]: { usd_per_day: 5, tokens_per_minute: 9, shadow: ['usd_per_day'] } };
    expect((await set({ models: first })).body.limits.models).toEqual({
      [CLAUDE]: { ...NO_LIMITS, usd_per_day: 5, tokens_per_minute: 9, shadow: ['usd_per_day'] },
    });
    await set({
      models: { [CLAUDE]: { usd_per_day: null, requests_per_day: 7 }, [NOVA]: { usd_per_month: 1 } },
    });
    expect((await stored())?.limits.models).toEqual([
      { model: CLAUDE, limits: { tokensPerMinute: 9, requestsPerDay: 7 } },
      { model: NOVA, limits: { nanoUsdPerMonth: 1_000_000_000 } },
    ]);
    await set({ models: { [`us.${CLAUDE}`]: null, [NOVA]: {} } });
    expect((await show()).limits.models).toEqual({ [NOVA]: { ...NO_LIMITS, usd_per_month: 1 } });
    await set({ models: { [NOVA]: { usd_per_month: null } } });
    expect((await stored())?.limits).not.toHaveProperty('models');
    await set({ models: { [NOVA]: { usd_per_month: 1 } } });
    await set({ models: null });
    expect((await show()).limits.models).toEqual({});
  });

  test('are refused twice for one model, under two of its names', async () => {
    const { set } = await project();
    const models = { [CLAUDE]: { usd_per_day: 5 }, [`us.${CLAUDE}`]: { usd_per_day: 6 } };
    expect(refusalOf(await set({ models }))).toEqual({
      ...{ status: 400, code: 'invalid_value' },
      param: `limits.models.us.${CLAUDE}`,
    });
  });

  test('are refused where they would not fit into a request’s identity, with the remedy', async () => {
    const { set, stored } = await project();
    const all = Object.fromEntries(WIRE_NAMES.map((name) => [name, name.startsWith('usd') ? 1e6 : 1e9]));
    const ids = [...new Set(CATALOGUE.map(({ id }) => modelBehind(id)))].slice(0, 40);
    const models = Object.fromEntries(ids.map((id) => [id, all]));
    const refused = await set({ models });
    expect(refusalOf(refused)).toEqual({ status: 400, code: 'invalid_value', param: 'limits.models' });
    expect(refused.body.error.message).toContain(`the ${MODEL_LIMITS_BYTES_MAX} bytes`);
    expect(refused.body.error.message).toContain('Limit fewer models');
    expect((await stored())?.limits).not.toHaveProperty('models');
  });
});

describe('the limits of a service account', () => {
  test('are those of a project without how it counts, and are gone when all are removed', async () => {
    const { call, path } = await project();
    const limits = { tokens_per_day: 5, usd_per_day: 0.5, shadow: ['usd_per_day'] };
    const made = await call(`POST ${ACCOUNTS}`, { path, body: { name: 'worker', limits } });
    expect([made.status, made.body.limits]).toEqual([200, { ...NO_LIMITS, ...limits }]);
    const account = { ...path, service_account_id: made.body.id };
    const update = (body: object) => call(`POST ${ACCOUNTS}/{service_account_id}`, { path: account, body });
    const left = await update({ limits: { usd_per_day: null } });
    expect(left.body.limits).toEqual({ ...NO_LIMITS, tokens_per_day: 5 });
    expect((await update({ limits: { tokens_per_day: null } })).body.limits).toEqual(NO_LIMITS);
    for (const field of ['smoothing', 'token_counting', 'estimation', 'models', 'inflight_requests']) {
      expect(refusalOf(await update({ limits: { [field]: null } }))).toEqual({
        ...{ status: 400, code: 'unsupported_parameter' },
        param: `limits.${field}`,
      });
    }
    expect(refusalOf(await update({ limits: { shadow: ['tokens_per_day'] } }))).toEqual({
      ...{ status: 400, code: 'invalid_value' },
      param: 'limits.shadow[0]',
    });
  });
});

describe('show_cost', () => {
  test('is chosen when a project is made or later, is audited, and null is false', async () => {
    const { call, update, show, stored, audit, path } = await project();
    expect((await update({ show_cost: true })).body.show_cost).toBe(true);
    expect(await stored()).toMatchObject({ showsCost: true, revision: 2, limits: { version: 2 } });
    await update({ show_cost: true });
    await update({ name: 'Renamed' });
    expect((await show()).show_cost).toBe(true);
    expect((await update({ show_cost: null })).body.show_cost).toBe(false);
    expect(await stored()).not.toHaveProperty('showsCost');
    expect(audit(path.project_id).slice(1)).toMatchObject([
      { type: 'project.updated', subject: { changed: ['show_cost'] } },
      { type: 'project.updated', subject: { changed: ['name'] } },
      { type: 'project.updated', subject: { changed: ['show_cost'] } },
    ]);
    const made = await call('POST /organization/projects', { body: { name: 'Shown', show_cost: true } });
    expect(made.body.show_cost).toBe(true);
    expect(refusalOf(await update({ show_cost: 'yes' }))).toEqual({
      ...{ status: 400, code: 'invalid_type' },
      param: 'show_cost',
    });
  });

  test('needs no right to change limits', async () => {
    const { call, path } = await project();
    const principal = adminPrincipal({ scopes: ['projects:write'] });
    const updated = await call(`POST ${PROJECT}`, { path, body: { show_cost: true }, principal });
    expect([updated.status, updated.body.show_cost]).toEqual([200, true]);
  });
});
