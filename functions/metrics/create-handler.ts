import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { isOpen } from '../../middleware/open-route.ts';
import { createOpenPipeline, createPipeline, type PipelineDependencies } from '../../middleware/pipeline.ts';
import { jsonAnswer, type OpenUseCase } from '../../shared/http/message.ts';
import { describeApi } from './api-description.ts';
import { type AuditLogsPorts, auditLogs } from './audit-logs.ts';
import { costs } from './costs.ts';
import type { LedgerPorts } from './ledgers.ts';
import { usage } from './usage.ts';

export interface MetricsPorts extends LedgerPorts, AuditLogsPorts, PipelineDependencies {}

/** Usage and cost reports, the audit log, and what is open: the health check and the description of the API. Reads only. */
export function createHandler(ports: MetricsPorts) {
  const pipeline = createPipeline(ports, {
    routes: {
      'GET /v1/organization/usage/completions': usage(ports, 'completions'),
      'GET /v1/organization/usage/embeddings': usage(ports, 'embeddings'),
      'GET /v1/organization/usage/images': usage(ports, 'images'),
      'GET /v1/organization/usage/moderations': usage(ports, 'moderations'),
      'GET /v1/organization/costs': costs(ports),
      'GET /v1/organization/audit_logs': auditLogs(ports),
    },
    mode: 'buffered',
  });
  const open = createOpenPipeline(ports, {
    routes: { 'GET /health': sayHealthy, 'GET /openapi.json': describeApi },
  });
  return async (event: APIGatewayProxyEvent, context: Context): Promise<unknown> =>
    isOpen(event) ? open(event, context) : pipeline(event, context);
}

/** It says that API Gateway and Lambda answer, and nothing about anyone. */
const sayHealthy: OpenUseCase = async () => jsonAnswer(200, { status: 'ok' });
