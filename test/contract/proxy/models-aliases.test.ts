/** Names for models: whose they are, where they lead, what is paid and told. */
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import type { ModelAliases } from '../../../shared/domain/tenant-settings.ts';
import type { GatewayAnswer } from '../../../shared/http/message.ts';
import {
  ASK,
  bodyText,
  CHAT_MODEL,
  NOVA,
  type ProxyScript,
  proxyFixture,
  streamData,
} from '../../support/proxy-fixture.ts';

const MICRO = 'amazon.nova-micro-v1:0';
const PROFILE = 'arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc123';
const ONE = 'GET /v1/models/{model+}';
const unavailable = () => new GatewayError('service_unavailable', 'Down.', { retryAfterMs: 1_000 });

/** A tenant with these aliases in force. */
const withAliases = (modelAliases: ModelAliases, script: ProxyScript = {}): ProxyScript => ({
  ...script,
  caller: { ...script.caller, settingsVersion: 3 },
  tenantSettings: { read: async () => ({ modelAliases }) },
});
const leadingTo = (id: string) => ({ profiles: { modelOf: async () => id, knownModelOf: () => id } });
/** Bedrock's control plane that is down, and nothing known from before. */
const noneReadable = {
  modelOf: async () => Promise.reject(unavailable()),
  knownModelOf: () => undefined,
};
const ask = (script: ProxyScript, model: string) => proxyFixture(script).chat({ ...ASK, model });
const jsonOf = async (answer: Promise<GatewayAnswer>) => JSON.parse(await bodyText(await answer));
const namesOf = async (script: ProxyScript): Promise<readonly string[]> => {
  const list: { data: { id: string }[] } = await jsonOf(proxyFixture(script).get('GET /v1/models'));
  return list.data.map(({ id }) => id);
};
const notFound = (name: string, hint = '') => ({
  code: 'model_not_found',
  message: `The model '${name}' does not exist or you do not have access to it.${hint}`,
  param: 'model',
});

describe('an alias', () => {
  test('calls its model and is repeated by the answer; the ledger has the model and its price', async () => {
    const proxy = proxyFixture(withAliases({ 'gpt-4o': CHAT_MODEL }));
    const whole = JSON.parse(await bodyText(await proxy.chat({ ...ASK, model: 'gpt-4o' })));
    const streamed = streamData(await bodyText(await proxy.chat({ ...ASK, model: 'gpt-4o', stream: true })));
    const direct = proxyFixture();
    await bodyText(await direct.chat(ASK));
    const [expected] = await direct.records();
    expect(whole.model).toBe('gpt-4o');
    expect(new Set(streamed.slice(0, -1).map((chunk) => Object(chunk).model))).toEqual(new Set(['gpt-4o']));
    expect(proxy.calls.map(({ modelId }) => modelId)).toEqual([CHAT_MODEL, CHAT_MODEL]);
    const paid = (await proxy.records()).map(({ model, nanoUsd }) => [model, nanoUsd]);
    expect(paid).toEqual(Array(2).fill([CHAT_MODEL, expected?.nanoUsd]));
    expect(expected?.nanoUsd).toBe(63_000);
  });

  test('is read by the version that the identity carries, and not at all for a model’s own id', async () => {
    const asked: unknown[] = [];
    const tenantSettings = {
      read: async (...of: readonly unknown[]) => {
        asked.push(of);
        return { modelAliases: { 'gpt-4o': NOVA } };
      },
    };
    const proxy = proxyFixture({ caller: { settingsVersion: 41 }, tenantSettings });
    await bodyText(await proxy.chat({ ...ASK, model: NOVA }));
    expect(asked).toEqual([]);
    await bodyText(await proxy.chat({ ...ASK, model: 'gpt-4o' }));
    expect(asked).toEqual([[proxy.principal.tenant, 41]]);
  });

  test('of the tenant comes before that of the deployment, which is there for who has none', async () => {
    const aliases = { 'gpt-4o': MICRO, small: MICRO };
    const proxy = proxyFixture(withAliases({ 'gpt-4o': NOVA }, { aliases }));
    for (const model of ['gpt-4o', 'small']) await bodyText(await proxy.chat({ ...ASK, model }));
    expect(proxy.calls.map(({ modelId }) => modelId)).toEqual([NOVA, MICRO]);
    expect((await jsonOf(ask({ aliases }, 'gpt-4o'))).model).toBe('gpt-4o');
  });

  test.each([
    ['tenant', withAliases({ [NOVA]: MICRO })],
    ['deployment', { aliases: { [NOVA]: MICRO } }],
  ])('of the %s never hides a model', async (_whose, script) => {
    const proxy = proxyFixture(script);
    await bodyText(await proxy.chat({ ...ASK, model: NOVA }));
    expect(proxy.calls.map(({ modelId }) => modelId)).toEqual([NOVA]);
    const forbidden = { ...script.caller, models: [MICRO] };
    await expect(ask({ ...script, caller: forbidden }, NOVA)).rejects.toMatchObject({
      code: 'model_not_found',
    });
    expect((await namesOf(script)).filter((name) => name === NOVA)).toEqual([NOVA]);
  });

  test('leads to no alias', async () => {
    await expect(ask(withAliases({ one: 'two', two: NOVA }), 'one')).rejects.toMatchObject(notFound('one'));
  });

  test.each(['toString', 'constructor', '__proto__'])(
    'is not %p, where nobody made one of this name',
    async (name) => {
      await expect(ask(withAliases({ 'gpt-4o': NOVA }), name)).rejects.toMatchObject({
        code: 'model_not_found',
      });
    },
  );
});

describe('what an alias may call', () => {
  const caller = { models: [NOVA] };

  test('is judged by the model that it leads to, not by its name', async () => {
    const script = withAliases({ fast: NOVA, slow: MICRO }, { caller });
    expect((await jsonOf(ask(script, 'fast'))).model).toBe('fast');
    await expect(ask(script, 'slow')).rejects.toMatchObject(notFound('slow'));
    const named = withAliases({ fast: NOVA }, { caller: { models: ['fast'] } });
    await expect(ask(named, 'fast')).rejects.toMatchObject(notFound('fast'));
  });

  test('is what a profile’s model may be', async () => {
    const denied = { mode: 'deny_list', models: ['amazon.*'] } as const;
    const script = withAliases(
      { team: PROFILE },
      { caller: { modelPermissions: denied }, ...leadingTo(NOVA) },
    );
    await expect(ask(script, 'team')).rejects.toMatchObject(notFound('team'));
    expect(await namesOf(script)).not.toContain('team');
  });

  test('of the deployment does not come in place of a tenant’s alias that may not be called', async () => {
    const script = withAliases({ 'gpt-4o': MICRO }, { caller, aliases: { 'gpt-4o': NOVA } });
    await expect(ask(script, 'gpt-4o')).rejects.toMatchObject(notFound('gpt-4o'));
  });
});

describe('an application inference profile', () => {
  test('is called by its ARN and paid, booked and limited as its model', async () => {
    const proxy = proxyFixture(withAliases({ team: PROFILE }, leadingTo(CHAT_MODEL)));
    expect((await jsonOf(proxy.chat({ ...ASK, model: 'team' }))).model).toBe('team');
    expect(proxy.calls.map(({ modelId }) => modelId)).toEqual([PROFILE]);
    expect((await proxy.records()).map(({ model, nanoUsd }) => [model, nanoUsd])).toEqual([
      [CHAT_MODEL, 63_000],
    ]);
  });

  test('cannot be named by its ARN: it might be another tenant’s', async () => {
    const script = withAliases({ team: PROFILE }, leadingTo(NOVA));
    await expect(ask(script, PROFILE)).rejects.toMatchObject({ code: 'model_not_found', param: 'model' });
    await expect(proxyFixture(script).get(ONE, { model: PROFILE })).rejects.toMatchObject({
      code: 'model_not_found',
    });
  });

  test('that does not exist is told of by the alias, never by ARN or account', async () => {
    const profiles = {
      modelOf: async (arn: string) => {
        throw new GatewayError('model_not_found', `No ${arn}.`);
      },
      knownModelOf: () => undefined,
    };
    const script = withAliases({ team: PROFILE, near: NOVA }, { profiles });
    await expect(ask(script, 'team')).rejects.toMatchObject(notFound('team'));
    expect(await namesOf(script)).not.toContain('team');
    expect(await namesOf(script)).toContain('near');
  });

  test('that cannot be asked for is 503, and nothing is called', async () => {
    const proxy = proxyFixture(withAliases({ team: PROFILE }, { profiles: noneReadable }));
    await expect(proxy.chat({ ...ASK, model: 'team' })).rejects.toMatchObject({
      code: 'service_unavailable',
      retryAfterMs: 1_000,
    });
    await expect(proxy.get(ONE, { model: 'team' })).rejects.toMatchObject({ code: 'service_unavailable' });
    expect([proxy.calls, await proxy.records()]).toEqual([[], []]);
  });

  test('that cannot be asked for is left out of the list, which has all else, and told of without its ARN', async () => {
    const script = withAliases({ near: NOVA, team: PROFILE }, { profiles: noneReadable });
    const proxy = proxyFixture(script);
    const list: { data: { id: string }[] } = await jsonOf(proxy.get('GET /v1/models'));
    const names = list.data.map(({ id }) => id);
    expect([names.includes('team'), names.at(-1), names.includes(NOVA)]).toEqual([false, 'near', true]);
    expect(proxy.log).toEqual([
      { level: 'warn', event: 'model_alias.not_listed', tenant: proxy.principal.tenant, alias: 'team' },
    ]);
  });
});

test('settings that cannot be read refuse every alias, also the deployment’s, before anything is reserved', async () => {
  const tenantSettings = { read: async () => Promise.reject(unavailable()) };
  const script = { caller: { settingsVersion: 1 }, tenantSettings, aliases: { 'gpt-4o': NOVA } };
  const proxy = proxyFixture(script);
  await expect(proxy.chat({ ...ASK, model: 'gpt-4o' })).rejects.toMatchObject({
    code: 'service_unavailable',
  });
  expect(proxy.order).toEqual([]);
  await bodyText(await proxy.chat({ ...ASK, model: NOVA }));
  expect(proxy.calls.map(({ modelId }) => modelId)).toEqual([NOVA]);
});

describe('the list of models', () => {
  test('ends with the aliases that may be called, in OpenAI’s shape', async () => {
    const aliases = { zeta: MICRO, other: CHAT_MODEL };
    const script = withAliases(
      { 'gpt-4o': NOVA, gone: 'unknown' },
      { aliases, caller: { models: ['amazon.nova-*'] } },
    );
    const names = await namesOf(script);
    expect(names.slice(-2)).toEqual(['gpt-4o', 'zeta']);
    expect(names.slice(0, -2).every((name) => name.startsWith('amazon.nova-'))).toBe(true);
    const wire = { object: 'model', created: 1_785_542_400, owned_by: 'amazon' };
    expect(await jsonOf(proxyFixture(script).get(ONE, { model: 'gpt-4o' }))).toEqual({
      id: 'gpt-4o',
      ...wire,
    });
    await expect(proxyFixture(script).get(ONE, { model: 'other' })).rejects.toMatchObject(notFound('other'));
  });
});

describe('a name that is not known', () => {
  const aliases = { 'gpt-4o': NOVA, 'gpt-4o-pro': CHAT_MODEL };

  test('is answered with close ones, aliases among them, and none that may not be called', async () => {
    const script = { aliases, caller: { models: [NOVA, MICRO] } };
    await expect(ask(script, 'gpt-4')).rejects.toMatchObject(notFound('gpt-4', ' Close to it: gpt-4o.'));
    await expect(ask({ aliases }, 'gpt-4o-pr')).rejects.toMatchObject(
      notFound('gpt-4o-pr', ' Close to it: gpt-4o-pro, gpt-4o.'),
    );
  });

  test('is answered with five at most', async () => {
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`name-${index}`, NOVA]));
    await expect(ask({ aliases: many }, 'name-x')).rejects.toMatchObject(
      notFound('name-x', ' Close to it: name-0, name-1, name-2, name-3, name-4.'),
    );
  });

  test('is answered with close ones that are known, and nobody is asked where a profile leads', async () => {
    const asked: string[] = [];
    const profiles = (known: string | undefined) => ({
      modelOf: async (arn: string) => {
        asked.push(arn);
        return NOVA;
      },
      knownModelOf: () => known,
    });
    const names = { 'gpt-4o': NOVA, 'gpt-4x': PROFILE };
    await expect(ask({ aliases: names, profiles: profiles(undefined) }, 'gpt-4')).rejects.toMatchObject(
      notFound('gpt-4', ' Close to it: gpt-4o.'),
    );
    await expect(ask({ aliases: names, profiles: profiles(NOVA) }, 'gpt-4')).rejects.toMatchObject(
      notFound('gpt-4', ' Close to it: gpt-4o, gpt-4x.'),
    );
    expect(asked).toEqual([]);
  });
});

describe('a model of another mode', () => {
  const EMBED = 'amazon.titan-embed-text-v2:0';
  const IMAGE = 'amazon.nova-canvas-v1:0';

  test.each([
    [EMBED, 'a model for embeddings: call it by POST /v1/embeddings', true],
    [IMAGE, 'a model that makes images, which cannot be called here', false],
  ])(
    '%s is refused by chat, also by an alias, and listed where it can be called',
    async (model, kind, listed) => {
      const aliases = { other: model };
      for (const name of [model, 'other']) {
        const proxy = proxyFixture({ aliases });
        await expect(proxy.chat({ ...ASK, model: name })).rejects.toMatchObject({
          code: 'unsupported_value',
          message: `The model '${name}' is ${kind}.`,
          param: 'model',
        });
        expect(proxy.order).toEqual([]);
        expect((await namesOf({ aliases })).includes(name)).toBe(listed);
      }
      await expect(ask({ aliases, caller: { models: [NOVA] } }, 'other')).rejects.toMatchObject(
        notFound('other'),
      );
    },
  );
});
