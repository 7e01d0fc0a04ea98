import { answering, PROJECT, runIn } from './world-fixture.ts';

describe('a report', () => {
  const bucket = (start_time: number, ...results: object[]) => ({ object: 'bucket', start_time, results });

  test('has a row a group of each bucket in which something happened, over all pages', async () => {
    const pages = [
      {
        object: 'page',
        data: [
          bucket(0, { project_id: PROJECT, num_model_requests: 3, input_tokens: 5, output_tokens: 0 }),
          bucket(86_400),
        ],
        has_more: true,
        next_page: 'page_2',
      },
      {
        object: 'page',
        data: [bucket(172_800, { project_id: 'proj_b', num_model_requests: 1 })],
        has_more: false,
        next_page: null,
      },
    ];
    const { stdout, sent } = await runIn(['usage', '--from', '3d', '--group-by', 'project_id'], {
      api: (_sent, index) => ({ body: pages[index] }),
    });
    expect(stdout.split('\n')).toEqual([
      'FROM                  TENANT           REQUESTS  INPUT  CACHED  OUTPUT',
      `1970-01-01T00:00:00Z  ${PROJECT}  3         5      -       0`,
      '1970-01-03T00:00:00Z  proj_b           1         -      -       -',
      '',
    ]);
    expect(sent.map(({ query }) => query.get('page'))).toEqual([null, 'page_2']);
  });

  test('ends at --limit and says so', async () => {
    const some = { num_model_requests: 1 };
    const data = [bucket(0), bucket(60, some), bucket(120), bucket(180, some), bucket(240)];
    const page = { object: 'page', data, has_more: true, next_page: 'page_2' };
    const { stdout, stderr } = await runIn(['usage', '--limit', '1', '--json'], { api: answering(page) });
    expect(JSON.parse(stdout)).toEqual({
      object: 'page',
      data: [bucket(0), bucket(60, some), bucket(120)],
      has_more: true,
      next_page: null,
    });
    expect(stderr).toContain('more buckets');
  });

  test('counts only buckets in which something happened, however many minutes were empty', async () => {
    const minutes = (from: number) => Array.from({ length: 1440 }, (_, index) => bucket((from + index) * 60));
    const last = [...minutes(1440), bucket(2880 * 60, { num_model_requests: 9 })];
    const pages = [
      { object: 'page', data: minutes(0), has_more: true, next_page: 'page_2' },
      { object: 'page', data: last, has_more: false, next_page: null },
    ];
    const { stdout, stderr, sent } = await runIn(
      ['usage', '--bucket', '1m', '--from', '7d', '--limit', '1'],
      {
        api: (_sent, index) => ({ body: pages[index] }),
      },
    );
    expect(stdout.split('\n')[1]).toMatch(/^1970-01-03T00:00:00Z +9 /);
    expect(stderr).toBe('');
    expect(sent.map(({ query }) => query.get('limit'))).toEqual(['1440', '1440']);
  });

  test.each([
    [1.25, '1.25'],
    [0.000000001, '0.000000001'],
    [100, '100'],
    [0, '0'],
  ])('of costs writes %d USD as %s', async (value, text) => {
    const results = { object: 'organization.costs.result', amount: { value, currency: 'usd' } };
    const { stdout } = await runIn(['costs'], {
      api: answering({ object: 'page', data: [bucket(0, results)], has_more: false, next_page: null }),
    });
    expect(stdout.split('\n')[1]?.split(/ {2,}/)).toEqual(['1970-01-01T00:00:00Z', text, 'USD']);
  });
});
