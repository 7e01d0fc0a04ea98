import type { PolicyDocument } from 'aws-lambda';
import type { Principal } from '../../shared/domain/principal.ts';

/**
 * What each kind of caller may invoke, as `METHOD/path` of an execute-api ARN. Scopes are judged in the
 * pipeline, where a refusal can say which one is missing; here the two planes are kept apart.
 */
const PLANES: Readonly<Record<Principal['kind'], readonly string[]>> = {
  key: ['POST/v1/chat/completions', 'GET/v1/models', 'GET/v1/models/*', 'GET/v1/organization/usage/*'],
  // Methods by name: a `*` would also match across slashes, into model ids that spell an administration path.
  admin: ['GET/v1/organization/*', 'POST/v1/organization/*', 'DELETE/v1/organization/*'],
};

/**
 * The policy for a caller: this API and this stage, never the path that the request named. `methodArn` is
 * `arn:aws:execute-api:region:account:api/stage/METHOD/path`.
 */
export function policyFor(principal: Principal, methodArn: string): PolicyDocument {
  const [api, stage] = methodArn.split('/');
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 'execute-api:Invoke',
        Resource: PLANES[principal.kind].flatMap((invocation) => [
          `${api}/${stage}/${invocation}`,
          `${api}/${stage}/${invocation.replace('/', '/openai/')}`,
        ]),
      },
    ],
  };
}
