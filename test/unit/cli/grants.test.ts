import { ACCOUNT, answering, KEY, PROJECT, runIn } from './world-fixture.ts';

const ISSUE = ['keys', 'issue', '--account', ACCOUNT] as const;

describe('a restriction', () => {
  test.each([
    [['accounts', 'update', ACCOUNT, '--models', 'none'], { models: null }],
    [['accounts', 'update', ACCOUNT, '--models', 'all'], { models: null }],
    [['accounts', 'update', ACCOUNT, '--allowed-ips', 'none'], { allowed_ips: null }],
    [
      ['keys', 'update', KEY, '--models', 'none', '--allowed-ips', 'all'],
      { models: null, allowed_ips: null },
    ],
    [['keys', 'update', KEY, '--models', 'amazon.*,all-mini'], { models: ['amazon.*', 'all-mini'] }],
  ])('by %j is sent as %j', async (args, body) => {
    const { exitCode, sent } = await runIn(args, { api: answering({}) });
    expect({ exitCode, bodies: sent.map((one) => one.body) }).toEqual({ exitCode: 0, bodies: [body] });
  });

  test.each([
    [['accounts', 'update', ACCOUNT, '--models', 'amazon.*,none']],
    [['keys', 'update', KEY, '--allowed-ips', 'all,203.0.113.0/24']],
    [['accounts', 'create', 'w', '--project', PROJECT, '--models', 'none']],
    [[...ISSUE, '--models', 'all']],
    [[...ISSUE, '--allowed-ips', 'none']],
    [['limits', 'set', PROJECT, '--allow-models', 'all']],
    [['limits', 'set', PROJECT, '--deny-models', 'none']],
  ])('is no list in which none or all stands for a name: %j sends nothing', async (args) => {
    const { exitCode, stderr, sent } = await runIn(args);
    expect({ exitCode, sent }).toEqual({ exitCode: 2, sent: [] });
    expect(stderr).toContain('is no name here');
  });

  test.each(['accounts', 'keys'])('is lifted as the help of %s update says', async (group) => {
    const { stdout } = await runIn([group, 'update', '--help']);
    expect(stdout.replaceAll(/\s+/g, ' ').split('none or all lifts the restriction')).toHaveLength(3);
  });
});
