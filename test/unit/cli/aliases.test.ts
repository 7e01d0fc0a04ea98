import { type Api, PROJECT, runIn } from './world-fixture.ts';

const URL = `https://gateway.example.com/v1/organization/projects/${PROJECT}/model_aliases`;
const aliases = { 'gpt-4o': 'amazon.nova-pro-v1:0', fast: 'amazon.nova-lite-v1:0' };
const api: Api = ({ body }) => ({ body: { object: 'project.model_aliases', aliases, ...Object(body) } });

describe('bpx aliases', () => {
  test('get shows what each name means', async () => {
    const { exitCode, stdout, sent } = await runIn(['aliases', 'get', PROJECT], { api });
    expect([exitCode, sent.map(({ method, url }) => [method, url])]).toEqual([0, [['GET', URL]]]);
    expect(stdout).toBe('ALIAS   MODEL\ngpt-4o  amazon.nova-pro-v1:0\nfast    amazon.nova-lite-v1:0\n');
  });

  test('set sends all that there are to be, and --none sends none', async () => {
    const pairs = Object.entries(aliases).flatMap(([name, model]) => ['--alias', `${name}=${model}`]);
    const set = await runIn(['aliases', 'set', PROJECT, ...pairs], { api });
    const cleared = await runIn(['aliases', 'set', PROJECT, '--none', '--json'], { api });
    expect([...set.sent, ...cleared.sent].map(({ method, url, body }) => [method, url, body])).toEqual([
      ['POST', URL, { aliases }],
      ['POST', URL, { aliases: {} }],
    ]);
    expect(JSON.parse(cleared.stdout)).toEqual({ object: 'project.model_aliases', aliases: {} });
  });

  test.each<[readonly string[], string]>([
    [[], 'or --none'],
    [['--none', '--alias', 'a=b'], 'or --none'],
    [['--alias', 'a'], 'Write a name, ='],
    [['--alias', '=b'], 'Write a name, ='],
    [['--alias', 'a=b', '--alias', 'a=c'], 'Give a once'],
  ])('set %j is refused before anything is sent', async (args, reason) => {
    const { exitCode, stderr, sent } = await runIn(['aliases', 'set', PROJECT, ...args]);
    expect({ exitCode, sent }).toEqual({ exitCode: 2, sent: [] });
    expect(stderr).toContain(reason);
  });
});
