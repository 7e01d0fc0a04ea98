import { administration } from '../../support/administration-fixture.ts';

const PROJECT = '/organization/projects/{project_id}';
const secret = (kind: string) => `${kind}_live_${'a'.repeat(20)}_${'b'.repeat(49)}`;

test.each([
  ['project', `GET ${PROJECT}`, 'project_id'],
  ['API key', `GET ${PROJECT}/api_keys/{api_key_id}`, 'api_key_id'],
  ['service account', `GET ${PROJECT}/service_accounts/{service_account_id}`, 'service_account_id'],
  ['admin API key', 'DELETE /organization/admin_api_keys/{key_id}', 'key_id'],
])(
  'a key of any kind in the path, where the id of a %s belongs, is not repeated',
  async (kind, route, name) => {
    const plane = administration();
    const project_id = await plane.newProject();
    for (const prefix of ['bpk', 'bpa', 'bpc']) {
      const refused = await plane.call(route, { path: { project_id, [name]: secret(prefix) } });
      expect([refused.status, refused.body.error.message]).toEqual([404, `No such ${kind}: '${prefix}_…'.`]);
    }
  },
);

test('a key as the name of a query parameter is not repeated', async () => {
  const { call } = administration();
  const refused = await call('GET /organization/projects', { query: { [secret('bpa')]: ['1'] } });
  expect(refused.body.error).toMatchObject({ message: "'bpa_…' is not supported here.", param: 'bpa_…' });
});
