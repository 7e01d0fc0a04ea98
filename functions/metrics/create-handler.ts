import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { createPipeline, type PipelineDependencies } from '../../middleware/pipeline.ts';
import { type UsagePorts, usageCompletions } from './usage-completions.ts';

export interface MetricsPorts extends UsagePorts, PipelineDependencies {}

/** Usage reports, and the open health check. Reads only. */
export function createHandler(ports: MetricsPorts) {
  const pipeline = createPipeline(ports, {
    routes: {
      'GET /v1/organization/usage/completions': { scopes: ['usage:read'], handle: usageCompletions(ports) },
    },
    mode: 'buffered',
  });
  return async (event: APIGatewayProxyEvent, context: Context): Promise<unknown> =>
    event.resource === '/health' ? HEALTHY : pipeline(event, context);
}

/** The one open route: it says that API Gateway and Lambda answer, and nothing about anyone. */
const HEALTHY = {
  statusCode: 200,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  body: JSON.stringify({ status: 'ok' }),
};
