import { startEventBridge } from '../../../local/eventbridge/server.ts';
import { startSecretsManager } from '../../../local/secrets-manager/server.ts';
import { startParameterStore } from '../../../local/ssm/server.ts';

const scoped = (scope: string) =>
  `AWS4-HMAC-SHA256 Credential=local/${scope}, SignedHeaders=host, Signature=00`;

describe.each([
  ['Secrets Manager', startSecretsManager, 'secretsmanager', { target: 'secretsmanager.GetSecretValue' }],
  ['Parameter Store', startParameterStore, 'ssm', { target: 'AmazonSSM.GetParameter' }],
  ['EventBridge', startEventBridge, 'events', { target: 'AWSEvents.PutEvents' }],
] as const)('the %s emulator', (_name, start, signingName, { target }) => {
  async function refusalOf(authorization: string) {
    const service = await start();
    const headers = { authorization, 'x-amz-target': target };
    const response = await fetch(service.url, { method: 'POST', headers, body: '{}' });
    const body: unknown = await response.json();
    await service.close();
    return { status: response.status, body };
  }

  test('takes what is signed for it', async () => {
    const { body } = await refusalOf(scoped(`20261120/eu-central-1/${signingName}/aws4_request`));
    expect(JSON.stringify(body)).toContain('"__type":"ValidationException"');
  });

  test.each([
    '20261120/us-east-1/dynamodb/aws4_request',
    `20261120/us-east-1/${signingName}/aws4_requests`,
    `20261120/${signingName}/aws4_request`,
    '',
  ])('refuses the scope %j, and names it', async (scope) => {
    const { status, body } = await refusalOf(scoped(scope));
    expect(status).toBe(400);
    const text = JSON.stringify(body);
    expect(text).toContain('"__type":"InvalidSignatureException"');
    expect(text).toContain(`scoped to correct service: '${signingName}', got '${scope}'`);
  });
});
