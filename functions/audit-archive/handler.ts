import { readAuditStream, type StreamEvent } from '../../shared/aws/audit-stream.ts';
import { auditArchiveOf, startServices } from '../../shared/aws/services.ts';
import { createHandler } from './create-handler.ts';

const services = startServices(process.env);

export const handler = createHandler({
  read: (event: StreamEvent) => readAuditStream(services.config.tables, event),
  archive: auditArchiveOf(services),
  log: services.log,
});
