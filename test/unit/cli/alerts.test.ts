import { answering, PROJECT, runIn } from './world-fixture.ts';

const ID = 'alert_4fJq0c8ZtA9bXk2QmNp7';
const URL_OF_ALERT = `https://gateway.example.com/v1/organization/projects/${PROJECT}/spend_alerts/${ID}`;
const ALERT = {
  id: ID,
  object: 'project.spend_alert',
  currency: 'USD',
  interval: 'month',
  threshold_amount: 40_050,
  notification_channel: { type: 'email', recipients: ['ops@example.com'], subject_prefix: 'spend' },
};
const WHOM = ['--project', PROJECT, '--email', 'ops@example.com'] as const;

describe('an alert', () => {
  test('that was made is shown in dollars, as the list has it', async () => {
    const args = ['alerts', 'create', ...WHOM, '--usd', '400.50'];
    const { stdout, sent } = await runIn(args, { api: answering(ALERT) });
    expect(sent[0]?.body).toMatchObject({ threshold_amount: 40_050 });
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['id', ID],
      ['usd_per_month', '400.5'],
      ['recipients', 'ops@example.com'],
      ['subject_prefix', 'spend'],
      [''],
    ]);
  });

  test.each([
    ['0.01', 1],
    ['0.29', 29],
    ['1.10', 110],
    ['5', 500],
    ['2.500', 250],
  ])('of %s USD is one of %d cents', async (usd, cents) => {
    const { sent } = await runIn(['alerts', 'create', ...WHOM, '--usd', usd], { api: answering(ALERT) });
    expect(sent[0]?.body).toMatchObject({ threshold_amount: cents });
  });

  test.each(['0', '0.001', '0.009', '1.005'])('of %s USD is refused, which no cents are', async (usd) => {
    const { exitCode, stderr, sent } = await runIn(['alerts', 'create', ...WHOM, '--usd', usd]);
    expect({ exitCode, sent }).toEqual({ exitCode: 2, sent: [] });
    expect(stderr).toContain('Write ');
  });

  test.each([
    [['--usd', '500'], 50_000, ['ops@example.com']],
    [['--email', 'a@example.com,b@example.com'], 40_050, ['a@example.com', 'b@example.com']],
  ])('that %j changes keeps the rest', async (args, cents, recipients) => {
    const { exitCode, sent } = await runIn(['alerts', 'update', ID, ...args], { api: answering(ALERT) });
    expect(exitCode).toBe(0);
    expect(sent.map(({ method, url, body }) => ({ method, url, body }))).toEqual([
      { method: 'GET', url: URL_OF_ALERT, body: undefined },
      {
        method: 'POST',
        url: URL_OF_ALERT,
        body: {
          ...{ currency: 'USD', interval: 'month', threshold_amount: cents },
          notification_channel: { type: 'email', recipients, subject_prefix: 'spend' },
        },
      },
    ]);
  });
});
