import type { APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { fillEvent } from '../../../../local/invoke-local/fill-event.ts';

const NOW_MS = Date.UTC(2026, 10, 20, 12);
const keys = { apiKey: 'bpk_test', adminKey: 'bpa_test' };
const unasked = () => Promise.reject(new Error('Nobody should be asked.'));
const fill = (event: unknown) => fillEvent(event, { keys, authorize: unasked, nowMs: NOW_MS });

describe('filling an event', () => {
  test('keys and times are filled wherever text is, and the rest stays as it is', async () => {
    const event = {
      headers: { authorization: 'Bearer {{apiKey}}', list: ['{{adminKey}}', 1, null] },
      queryStringParameters: { start_time: '{{dayAgo}}' },
      body: null,
    };
    await expect(fill(event)).resolves.toEqual({
      headers: { authorization: 'Bearer bpk_test', list: ['bpa_test', 1, null] },
      queryStringParameters: { start_time: '1795089600' },
      body: null,
    });
  });

  test('a context is what the authorizer signs for this request with its key', async () => {
    const asked: APIGatewayRequestAuthorizerEvent[] = [];
    const authorize = async (event: APIGatewayRequestAuthorizerEvent) => {
      asked.push(event);
      const policyDocument = { Version: '2012-10-17', Statement: [] };
      return { principalId: 'key', policyDocument, context: { p: 'principal', m: 'mac' } };
    };
    const event = {
      httpMethod: 'GET',
      path: '/v1/models',
      headers: { authorization: 'Bearer {{apiKey}}' },
      requestContext: { requestId: 'r1', authorizer: { p: '{{contextP}}', m: '{{contextM}}' } },
    };
    await expect(fillEvent(event, { keys, authorize, nowMs: NOW_MS })).resolves.toMatchObject({
      requestContext: { requestId: 'r1', authorizer: { p: 'principal', m: 'mac' } },
    });
    expect(asked).toEqual([
      expect.objectContaining({
        type: 'REQUEST',
        methodArn: expect.stringMatching(/\/GET\/v1\/models$/),
        headers: { authorization: 'Bearer bpk_test' },
      }),
    ]);
  });

  test('a placeholder that nothing fills is named', async () => {
    await expect(fill({ body: '{{apikey}}' })).rejects.toThrow(
      'The event has a placeholder that nothing fills: {{apikey}}.',
    );
  });

  test('an event without placeholders passes through, whatever it is', async () => {
    await expect(fill('text')).resolves.toBe('text');
    await expect(fill(undefined)).resolves.toBeUndefined();
  });
});
