import { CATALOGUE } from '../../../shared/domain/catalogue.ts';
import { bodyText, NOVA, proxyFixture } from '../../support/proxy-fixture.ts';

const ONE = 'GET /v1/models/{model+}';

test('the list has every model that answers or embeds and may be called, in OpenAI’s shape', async () => {
  const answer = await proxyFixture().get('GET /v1/models');
  const list = JSON.parse(await bodyText(answer));
  expect(answer.status).toBe(200);
  expect(list.object).toBe('list');
  const served = CATALOGUE.filter(({ mode }) => mode === 'chat' || mode === 'embedding');
  expect(list.data.map(({ id }: { id: string }) => id)).toEqual(served.map(({ id }) => id));
  expect(list.data).toContainEqual({ id: NOVA, object: 'model', created: 1_785_542_400, owned_by: 'amazon' });
});

test('one model is found by its id', async () => {
  const answer = await proxyFixture().get(ONE, { model: NOVA });
  expect(JSON.parse(await bodyText(answer))).toEqual({
    id: NOVA,
    object: 'model',
    created: 1_785_542_400,
    owned_by: 'amazon',
  });
});

test.each([
  'amazon.nova-lite',
  'arn:aws:bedrock:us-east-1:000000000000:inference-profile/abc',
  'constructor',
  '',
])('%p is not found', async (model) => {
  await expect(proxyFixture().get(ONE, { model })).rejects.toMatchObject({
    code: 'model_not_found',
    param: 'model',
  });
});

test('a key pasted where a model belongs is not repeated', async () => {
  const key = `bpk_test_${'a'.repeat(20)}_${'b'.repeat(49)}`;
  const refused = proxyFixture().get(ONE, { model: key });
  await expect(refused).rejects.toMatchObject({ code: 'model_not_found' });
  await expect(refused).rejects.not.toThrow(/aaaa|bbbb/);
});
