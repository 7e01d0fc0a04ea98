import { ACCOUNT, answering, KEY, listOf, NOW_MS, PROJECT, runIn } from './world-fixture.ts';

const ROOT = 'https://gateway.example.com/v1/organization';
const NOW = NOW_MS / 1000;
const pairsOf = (query: URLSearchParams | undefined) => Object.fromEntries(query ?? []);

describe('what is asked of the API', () => {
  test.each([
    ['tenants list --archived', 'GET', '/projects', { include_archived: 'true', limit: '100' }],
    [`accounts list --project ${PROJECT}`, 'GET', `/projects/${PROJECT}/service_accounts`, { limit: '100' }],
    [`accounts show ${ACCOUNT}`, 'GET', `/projects/${PROJECT}/service_accounts/${ACCOUNT}`, {}],
    [`accounts delete ${ACCOUNT}`, 'DELETE', `/projects/${PROJECT}/service_accounts/${ACCOUNT}`, {}],
    [`keys show ${KEY}`, 'GET', `/projects/${PROJECT}/api_keys/${KEY}`, {}],
    [`keys revoke ${KEY}`, 'DELETE', `/projects/${PROJECT}/api_keys/${KEY}`, {}],
    [`keys revoke ${KEY} --cascade`, 'DELETE', `/projects/${PROJECT}/api_keys/${KEY}`, { cascade: 'true' }],
    [`alerts list --project ${PROJECT}`, 'GET', `/projects/${PROJECT}/spend_alerts`, { limit: '100' }],
    [
      'alerts delete alert_4fJq0c8ZtA9bXk2QmNp7',
      'DELETE',
      `/projects/${PROJECT}/spend_alerts/alert_4fJq0c8ZtA9bXk2QmNp7`,
      {},
    ],
    ['admin-keys list', 'GET', '/admin_api_keys', { limit: '100' }],
    [`admin-keys show ${KEY}`, 'GET', `/admin_api_keys/${KEY}`, {}],
    [`admin-keys revoke ${KEY}`, 'DELETE', `/admin_api_keys/${KEY}`, {}],
    ['usage', 'GET', '/usage/completions', { start_time: String(NOW - 604_800), limit: '31' }],
    [
      'usage --from 2026-01-30 --to 1h --bucket 1h --group-by model --models a --keys k',
      'GET',
      '/usage/completions',
      {
        ...{
          start_time: String(Date.UTC(2026, 0, 30) / 1000),
          end_time: String(NOW - 3600),
          bucket_width: '1h',
        },
        ...{ 'group_by[]': 'model', 'models[]': 'a', 'api_key_ids[]': 'k', limit: '168' },
      },
    ],
    [
      'costs --projects p --line-items m',
      'GET',
      '/costs',
      { start_time: String(NOW - 604_800), 'project_ids[]': 'p', 'line_items[]': 'm', limit: '180' },
    ],
    [
      'audit list --org --types project.created --from 1d --to 2026-01-31 --limit 5',
      'GET',
      '/audit_logs',
      {
        ...{ 'project_ids[]': 'org', 'event_types[]': 'project.created', limit: '5' },
        ...{
          'effective_at[gte]': String(NOW - 86_400),
          'effective_at[lt]': String(Date.UTC(2026, 0, 31) / 1000),
        },
      },
    ],
  ])('by %s is %s %s', async (line, method, route, query) => {
    const { exitCode, sent } = await runIn(line.split(' '), { api: answering(listOf()) });
    expect(exitCode).toBe(0);
    expect(sent.map((one) => ({ ...one, query: pairsOf(one.query) }))).toMatchObject([
      { method, url: ROOT + route, query },
    ]);
    expect(pairsOf(sent[0]?.query)).toEqual(query);
  });

  test.each([
    [`tenants update ${PROJECT} --name x`, `/projects/${PROJECT}`, { name: 'x' }],
    [
      'tenants create x --usd-per-month 99.50 --inflight none',
      '/projects',
      { name: 'x', limits: { usd_per_month: 99.5, inflight_requests: null } },
    ],
    [
      `accounts create w --project ${PROJECT} --no-key --tokens-per-minute 5`,
      `/projects/${PROJECT}/service_accounts`,
      { name: 'w', create_service_account_only: true, limits: { tokens_per_minute: 5 } },
    ],
    [
      `accounts update ${ACCOUNT} --role member --level read`,
      `/projects/${PROJECT}/service_accounts/${ACCOUNT}`,
      { role: 'member', level: 'read' },
    ],
    [
      `keys update ${KEY} --no-rotation --expires-in 1h`,
      `/projects/${PROJECT}/api_keys/${KEY}`,
      { rotation: { automatic: false }, expires_in_seconds: 3600 },
    ],
    [
      `keys update ${KEY} --rotation-overlap 7d`,
      `/projects/${PROJECT}/api_keys/${KEY}`,
      { rotation: { overlap_seconds: 604_800 } },
    ],
    [
      `accounts create w --project ${PROJECT} --no-key --rotation-overlap 36h`,
      `/projects/${PROJECT}/service_accounts`,
      { name: 'w', create_service_account_only: true, rotation: { overlap_seconds: 129_600 } },
    ],
    [
      `keys update ${KEY} --rotation`,
      `/projects/${PROJECT}/api_keys/${KEY}`,
      { rotation: { automatic: true } },
    ],
    [`keys claim-link ${KEY}`, `/projects/${PROJECT}/api_keys/${KEY}/claim_link`, {}],
    [
      `limits set ${PROJECT} --requests-per-day none --default-max-tokens 64`,
      `/projects/${PROJECT}`,
      { limits: { requests_per_day: null, default_max_completion_tokens: 64 } },
    ],
    [
      `limits set --account ${ACCOUNT} --usd-per-month 20`,
      `/projects/${PROJECT}/service_accounts/${ACCOUNT}`,
      { limits: { usd_per_month: 20 } },
    ],
    [
      `limits set ${PROJECT} --allow-models a,b*`,
      `/projects/${PROJECT}/model_permissions`,
      { mode: 'allow_list', model_ids: ['a', 'b*'] },
    ],
    [
      `limits set ${PROJECT} --deny-models a`,
      `/projects/${PROJECT}/model_permissions`,
      { mode: 'deny_list', model_ids: ['a'] },
    ],
    [
      `alerts create --project ${PROJECT} --usd 0.29 --email a@example.com,b@example.com`,
      `/projects/${PROJECT}/spend_alerts`,
      {
        ...{ currency: 'USD', interval: 'month', threshold_amount: 29 },
        notification_channel: { type: 'email', recipients: ['a@example.com', 'b@example.com'] },
      },
    ],
    [
      'admin-keys create ci --scopes usage:read --expires-in 8h',
      '/admin_api_keys',
      { name: 'ci', scopes: ['usage:read'], expires_in_seconds: 28_800 },
    ],
  ])('by %s is POST %s', async (line, route, body) => {
    const { exitCode, sent } = await runIn(line.split(' '), { api: answering({}) });
    expect(exitCode).toBe(0);
    expect(sent).toMatchObject([{ method: 'POST', url: ROOT + route }]);
    expect(sent[0]?.body).toEqual(body);
  });

  test('removes the model permissions of a tenant that may use every model', async () => {
    const { sent } = await runIn(['limits', 'set', PROJECT, '--all-models'], { api: answering({}) });
    expect(sent).toMatchObject([{ method: 'DELETE', url: `${ROOT}/projects/${PROJECT}/model_permissions` }]);
  });
});

test('the keys of one workload are told from those of the others', async () => {
  const key = (id: string, account: string) => ({ id, owner: { service_account: { id: account } } });
  const { stdout } = await runIn(['keys', 'list', '--project', PROJECT, '--account', ACCOUNT, '--json'], {
    api: answering(listOf(key('key_a', 'svc_other'), key('key_b', ACCOUNT))),
  });
  expect(JSON.parse(stdout)).toMatchObject({ data: [{ id: 'key_b' }], first_id: 'key_b', last_id: 'key_b' });
});

test('the keys of a workload are found without naming its tenant', async () => {
  const { exitCode, sent } = await runIn(['keys', 'list', '--account', ACCOUNT], {
    api: answering(listOf()),
  });
  expect({ exitCode, urls: sent.map(({ url }) => url) }).toEqual({
    exitCode: 0,
    urls: [`${ROOT}/projects/${PROJECT}/api_keys`],
  });
});

test('an event of the audit log names who did what to what', async () => {
  const event = {
    ...{ id: 'audit_1', type: 'api_key.created', effective_at: 0, project: { id: PROJECT } },
    actor: { type: 'api_key', api_key: { id: 'key_admin', type: 'service_account' } },
    'api_key.created': { id: KEY },
  };
  const { stdout } = await runIn(['audit', 'list'], { api: answering(listOf(event)) });
  expect(stdout.split('\n')[1]?.split(/ {2,}/)).toEqual([
    ...['1970-01-01T00:00:00Z', 'api_key.created', 'key_admin', PROJECT, KEY, 'audit_1'],
  ]);
});
