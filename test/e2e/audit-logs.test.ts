/** The audit log through the official SDK, over the whole stack. */
import OpenAI from 'openai';
import { verifyAuditChain } from '../../shared/domain/audit.ts';
import { auditEventId } from '../../shared/domain/audit-event.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
  for (let count = 0; count < 3; count += 1) await stack.newKey();
}, 60_000);
afterAll(() => stack?.close());

describe('client.admin.organization.auditLogs', () => {
  test('iterates over every event of a project, the newest first, each with its link of the chain', async () => {
    const { admin, projectId, tenant } = stack;
    const events = [];
    for await (const event of admin.auditLogs.list({ project_ids: [projectId], limit: 2 }))
      events.push(event);
    const records = await stack.auditRecords();
    expect(verifyAuditChain(records)).toBeUndefined();
    expect(events.map(({ id }) => id)).toEqual(
      records.map(({ sequence }) => auditEventId({ chain: tenant, sequence })).reverse(),
    );
    expect(events.map((event) => Object(event).chain.hash)).toEqual(
      records.map(({ hash }) => hash).reverse(),
    );
    expect(events.at(-1)).toMatchObject({
      type: 'project.created',
      actor: { type: 'api_key' },
      project: { id: projectId },
      'project.created': { id: projectId },
    });
  });

  test('honours nested and listed filters as the SDK writes them', async () => {
    const { admin, projectId } = stack;
    const now = Math.floor(Date.now() / 1000);
    const of = { project_ids: [projectId], event_types: ['project.created' as const] };
    const today = await admin.auditLogs.list({ ...of, effective_at: { gte: now - 3600, lte: now + 60 } });
    expect(today.data.map(({ type }) => type)).toEqual(['project.created']);
    const before = await admin.auditLogs.list({ ...of, effective_at: { lt: now - 3600 } });
    expect([before.data, before.has_more]).toEqual([[], false]);
  });

  test('holds what the organisation itself did, which is of no project', async () => {
    const { data } = await stack.admin.auditLogs.list({ project_ids: ['org'] });
    expect(data.at(-1)).toMatchObject({ type: 'tenant.admin_api_key.created', actor: { type: 'system' } });
    expect(data.at(-1)).not.toHaveProperty('project');
  });

  test('refuses an unknown type and an unknown cursor by name', async () => {
    const { auditLogs } = stack.admin;
    await expect(auditLogs.list({ event_types: ['user.added'] })).rejects.toMatchObject({
      status: 400,
      param: 'event_types',
    });
    await expect(auditLogs.list({ after: 'audit_1' })).rejects.toMatchObject({ status: 400, param: 'after' });
  });

  test('is closed to a tenant’s key', async () => {
    const { baseUrl, apiKey } = stack;
    const client = new OpenAI({ baseURL: baseUrl, adminAPIKey: apiKey, maxRetries: 0 });
    await expect(client.admin.organization.auditLogs.list()).rejects.toMatchObject({ status: 403 });
  });
});
