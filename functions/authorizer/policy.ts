import type { APIGatewayRequestAuthorizerEvent, PolicyDocument } from 'aws-lambda';

/** `{project_id}` and `{model+}` in a resource's template. */
const PARAMETER = /\{[^}]+\}/g;

type Routed = Pick<APIGatewayRequestAuthorizerEvent, 'methodArn' | 'httpMethod' | 'requestContext'>;

/**
 * Allows the route that API Gateway matched, by its template and on this API and stage, never the path that the
 * request spelled. It is for one request: the result is cached nowhere.
 */
export function allowRoute(event: Routed): PolicyDocument {
  const template = event.requestContext.resourcePath.replace(PARAMETER, '*');
  const route = `${stageOf(event)}/${event.httpMethod}${template}`;
  // API Gateway takes a path with a slash at its end for the same resource.
  return statement('Allow', template.endsWith('*') ? [route] : [route, `${route}/`]);
}

/** Denies whatever was asked. */
export const denyStage = (event: Routed): PolicyDocument => statement('Deny', [`${stageOf(event)}/*`]);

/** `methodArn` is `arn:aws:execute-api:region:account:api/stage/METHOD/path`. */
const stageOf = ({ methodArn }: Routed): string => methodArn.split('/', 2).join('/');

const statement = (effect: 'Allow' | 'Deny', resources: string[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [{ Effect: effect, Action: 'execute-api:Invoke', Resource: resources }],
});
