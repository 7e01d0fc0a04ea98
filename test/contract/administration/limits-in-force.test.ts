/** Changes of limits act on the next request: set over the administration plane, read by the authorizer, met in the proxy. */
import type { GatewayError } from '../../../shared/domain/gateway-error.ts';
import { keyWorld } from '../../support/key-world.ts';
import { ASK, HELLO_ANSWER, NOVA, proxyFixture } from '../../support/proxy-fixture.ts';
import { seededRandom } from '../../support/random.ts';

const PROJECT = '/organization/projects/{project_id}';

async function projectWithKey() {
  const world = keyWorld({ random: seededRandom('limits-in-force') });
  const proxy = proxyFixture({ answer: HELLO_ANSWER });
  const project = await world.call('POST /organization/projects', { body: { name: 'Limited' } });
  const path = { project_id: project.body.id };
  const account = await world.call(`POST ${PROJECT}/service_accounts`, { path, body: { name: 'worker' } });
  const key: string = account.body.api_key.value;
  /** `ok`, or the code of the refusal. */
  const ask = async (model = NOVA) => {
    const principal = await world.use(key);
    if (principal === undefined) throw new Error('The key does not open the route.');
    return proxy.chat({ ...ASK, model }, { principal }).then(
      () => 'ok',
      ({ code }: GatewayError) => code,
    );
  };
  return {
    ...world,
    path,
    ask,
    use: () => world.use(key),
    set: (limits: object) => world.call(`POST ${PROJECT}`, { path, body: { limits } }),
    setAccount: (limits: object) =>
      world.call(`POST ${PROJECT}/service_accounts/{service_account_id}`, {
        path: { ...path, service_account_id: account.body.id },
        body: { limits },
      }),
  };
}

describe('a change of limits acts on the next request', () => {
  test('of a model alone', async () => {
    const { ask, set } = await projectWithKey();
    expect(await ask()).toBe('ok');
    await set({ models: { [`eu.${NOVA}`]: { requests_per_day: 1 } } });
    expect([await ask(), await ask(), await ask(ASK.model)]).toEqual(['ok', 'request_rate_exceeded', 'ok']);
    await set({ models: { [NOVA]: { requests_per_day: 2 } } });
    expect([await ask(), await ask()]).toEqual(['ok', 'request_rate_exceeded']);
    await set({ models: { [NOVA]: null } });
    expect(await ask()).toBe('ok');
  });

  test('into shadow and back', async () => {
    const { ask, set } = await projectWithKey();
    await set({ requests_per_day: 1 });
    expect([await ask(), await ask()]).toEqual(['ok', 'request_rate_exceeded']);
    await set({ shadow: ['requests_per_day'] });
    expect([await ask(), await ask()]).toEqual(['ok', 'ok']);
    await set({ shadow: [] });
    expect(await ask()).toBe('request_rate_exceeded');
  });

  test('on tokens and money a day and month, of a project and of a service account', async () => {
    for (const limits of [{ tokens_per_day: 1 }, { tokens_per_month: 1 }, { usd_per_day: 1e-9 }]) {
      const { ask, set, setAccount } = await projectWithKey();
      await set(limits);
      const refused = await ask();
      expect(refused).not.toBe('ok');
      await set(Object.fromEntries(Object.keys(limits).map((name) => [name, null])));
      expect(await ask()).toBe('ok');
      await setAccount(limits);
      expect(await ask()).toBe(refused);
    }
  });

  test('and how limits count travels with the key, as do the aliases’ version and the cost', async () => {
    const { set, call, path, use } = await projectWithKey();
    await set({ smoothing: '10s', token_counting: 'bedrock', estimation: 'balanced' });
    await call(`POST ${PROJECT}/model_aliases`, { path, body: { aliases: { 'gpt-4o': NOVA } } });
    await call(`POST ${PROJECT}`, { path, body: { show_cost: true } });
    expect(await use()).toMatchObject({
      limits: { version: 4, smoothing: '10s', tokenCounting: 'bedrock', estimation: 'balanced' },
      settingsVersion: 1,
      showsCost: true,
    });
  });
});
