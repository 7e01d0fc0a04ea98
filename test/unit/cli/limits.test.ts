import { ACCOUNT, type Api, PROJECT, refusing, runIn } from './world-fixture.ts';

describe('the limits of a tenant', () => {
  const project = { id: PROJECT, limits: { tokens_per_minute: 7 } };
  const usage = {
    object: 'project.limit_usage',
    limits: [
      {
        ...{ limit: 'usd_per_day', owner: { type: 'model', id: 'amazon.nova-lite-v1:0' }, mode: 'shadow' },
        ...{ value: 0.5, used: 1e-9, reserved: 0.25, remaining: 0.249999999, resets_at: 86_400 },
      },
    ],
    inflight: { value: 100, used: 3 },
    debt_usd: 0.03,
  };

  test('are shown together, without those that were never set', async () => {
    const none = refusing(404, { message: 'None.', code: 'not_found' });
    const { exitCode, stdout } = await runIn(['limits', 'show', PROJECT, '--json'], {
      api: (sent, index) => {
        if (sent.url.endsWith('limit_usage')) return { body: usage };
        return sent.url.endsWith(PROJECT) ? { body: project } : none(sent, index);
      },
    });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      ...{ project, spend_limit: null, model_permissions: null },
      limit_usage: usage,
    });
  });

  test('of an unknown tenant are refused', async () => {
    const { exitCode } = await runIn(['limits', 'show', PROJECT], {
      api: refusing(404, { message: 'No such project.', code: 'not_found' }),
    });
    expect(exitCode).toBe(1);
  });

  test('show amounts as decimals, never with an exponent', async () => {
    const limits = { usd_per_day: 1e-9, usd_per_month: 1_000_000, tokens_per_month: 1e12, used: 0.1 };
    const { stdout } = await runIn(['limits', 'show', '--account', ACCOUNT], {
      api: () => ({ body: { id: ACCOUNT, limits } }),
    });
    expect(stdout).toBe(
      [
        `id                       ${ACCOUNT}`,
        'limits.usd_per_day       0.000000001',
        'limits.usd_per_month     1000000',
        'limits.tokens_per_month  1000000000000',
        'limits.used              0.1',
        '',
      ].join('\n'),
    );
  });

  test('name the models, and say where each limit stands', async () => {
    const { stdout } = await runIn(['limits', 'show', PROJECT], {
      api: ({ url }) => {
        if (url.endsWith('spend_limit')) return { body: { enforcement: { status: 'enforcing' } } };
        if (url.endsWith('model_permissions')) return { body: { mode: 'deny_list', model_ids: ['a', 'b*'] } };
        return { body: url.endsWith('limit_usage') ? usage : project };
      },
    });
    expect(stdout.split('\n').slice(-6)).toEqual([
      'inflight                  3',
      'debt_usd                  0.03',
      '',
      'OWNER                  LIMIT        VALUE  USED         RESERVED  REMAINING    RESETS                MODE',
      'amazon.nova-lite-v1:0  usd_per_day  0.5    0.000000001  0.25      0.249999999  1970-01-02T00:00:00Z  shadow',
      '',
    ]);
    expect(stdout).toContain('used up: requests are refused');
    expect(stdout).toContain('all but a,b*');
  });
});

describe('the limits that are set', () => {
  const PATH = `https://gateway.example.com/v1/organization/projects/${PROJECT}`;
  const BOTH = ['limits', 'set', PROJECT, '--requests-per-minute', '5', '--all-models'] as const;
  const project = { id: PROJECT, limits: { requests_per_minute: 5 } };
  const api: Api = ({ method }) => ({ body: method === 'DELETE' ? { deleted: true } : project });

  test('come with every model by two calls', async () => {
    const { exitCode, stdout, sent } = await runIn(BOTH, { api });
    expect(exitCode).toBe(0);
    expect(sent.map(({ method, url, body }) => ({ method, url, body }))).toEqual([
      { method: 'POST', url: PATH, body: { limits: { requests_per_minute: 5 } } },
      { method: 'DELETE', url: `${PATH}/model_permissions`, body: undefined },
    ]);
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['id', PROJECT],
      ['limits.requests_per_minute', '5'],
      ['models', 'all'],
      [''],
    ]);
  });

  test('are told from the models where these fail after them', async () => {
    const refused = refusing(403, { message: 'Not you.', code: 'insufficient_scope' });
    const outcome = await runIn(BOTH, {
      api: (sent, index) => (index === 0 ? api : refused)(sent, index),
    });
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toContain('The limits are set, but not the models: Not you.');
  });

  test('are sent as the API spells them, with null for none', async () => {
    const args = ['--tokens-per-day', '5', '--tokens-per-month', 'none', '--usd-per-day', '0.5'];
    const counting = ['--shadow', 'tokens-per-day,usd_per_day', '--smoothing', 'none'];
    const how = ['--token-counting', 'total', '--estimation', 'balanced'];
    const { exitCode, sent } = await runIn(['limits', 'set', PROJECT, ...args, ...counting, ...how], { api });
    expect(exitCode).toBe(0);
    expect(sent.map(({ body }) => body)).toEqual([
      {
        limits: {
          ...{ tokens_per_day: 5, tokens_per_month: null, usd_per_day: 0.5 },
          ...{ shadow: ['tokens_per_day', 'usd_per_day'], smoothing: null },
          ...{ token_counting: null, estimation: 'balanced' },
        },
      },
    ]);
  });

  test('of a model are inside of the tenant’s, and cleared by one option', async () => {
    const MODEL = 'amazon.nova-pro-v1:0';
    const set = ['limits', 'set', PROJECT];
    const runs = [
      await runIn([...set, '--model', MODEL, '--usd-per-day', '2', '--shadow', 'none'], { api }),
      await runIn([...set, '--clear-model', MODEL, '--inflight', '3'], { api }),
    ];
    expect(runs.map(({ exitCode, sent }) => [exitCode, sent[0]?.body])).toEqual([
      [0, { limits: { models: { [MODEL]: { usd_per_day: 2, shadow: null } } } }],
      [0, { limits: { inflight_requests: 3, models: { [MODEL]: null } } }],
    ]);
  });

  test.each<[readonly string[], string]>([
    [['--account', ACCOUNT, '--usd-per-day', '1'], 'npm run limits:rebuild'],
    [[PROJECT, '--model', 'm', '--usd-per-day', '1'], 'npm run limits:rebuild'],
    [[PROJECT, '--usd-per-day', '1'], ''],
  ])('say beside the answer what counts the past, where counting begins: %j', async (args, hint) => {
    const { exitCode, stdout, stderr } = await runIn(['limits', 'set', ...args, '--json'], {
      api: () => ({ body: project }),
    });
    expect({ exitCode, answer: JSON.parse(stdout) }).toEqual({ exitCode: 0, answer: project });
    expect(stderr.includes('npm run limits:rebuild') ? 'npm run limits:rebuild' : stderr).toBe(hint);
  });

  test.each<[readonly string[], string]>([
    [[PROJECT, '--model', 'm', '--clear-model', 'n'], 'not both'],
    [[PROJECT, '--model', 'm'], 'Nothing is to be changed'],
    [
      [PROJECT, '--model', 'm', '--usd-per-day', '1', '--smoothing', '10s'],
      '--smoothing is of a whole tenant',
    ],
    [[PROJECT, '--usd-per-day', '0'], 'from 0.000000001 to 1000000'],
    [[PROJECT, '--usd-per-day', '1000000.000000001'], 'from 0.000000001 to 1000000'],
    [[PROJECT, '--usd-per-day', '0.0000000001'], 'at most nine decimals'],
    [[PROJECT, '--usd-per-day', '1e999'], 'an amount of US dollars'],
    [[PROJECT, '--tokens-per-day', '1.5'], 'a whole number above 0'],
    [[PROJECT, '--estimation', 'loose'], 'strict, balanced'],
    [['--account', ACCOUNT, '--estimation', 'strict'], 'Only tenants have --estimation'],
    [['--account', ACCOUNT, '--model', 'm', '--usd-per-day', '1'], 'Only tenants have --model'],
    [['--account', ACCOUNT, '--clear-model', 'm'], 'Only tenants have --clear-model'],
  ])('are refused before anything is sent: %j', async (args, reason) => {
    const { exitCode, stderr, sent } = await runIn(['limits', 'set', ...args]);
    expect({ exitCode, sent }).toEqual({ exitCode: 2, sent: [] });
    expect(stderr).toContain(reason);
  });

  test('of a workload have nothing in flight, which is said before anything is sent', async () => {
    const { exitCode, stderr, sent } = await runIn([
      'limits',
      'set',
      '--account',
      ACCOUNT,
      '--inflight',
      '5',
    ]);
    expect({ exitCode, sent }).toEqual({ exitCode: 2, sent: [] });
    expect(stderr).toContain('Only tenants have --inflight');
  });
});
