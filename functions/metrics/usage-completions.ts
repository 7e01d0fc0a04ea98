import type { TenantRef } from '../../shared/domain/ids.ts';
import type { Principal } from '../../shared/domain/principal.ts';
import { createUsageReport, type UsageBucket, type UsageSum } from '../../shared/domain/usage-report.ts';
import { everyTenant } from '../../shared/every-tenant.ts';
import { jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import type { TenancyStore, UsageStore } from '../../shared/ports.ts';
import { shareWork } from '../../shared/share-work.ts';
import { parseUsageQuery } from './request.ts';

export interface UsagePorts {
  readonly tenancy: Pick<TenancyStore, 'listTenants'>;
  readonly usage: UsageStore;
}

/** How many tenants' ledgers are read at once. */
const READS_AT_ONCE = 8;
/** The ledger is ordered by receipt, the report counts by admission, which is later: by milliseconds, or by a cold start. */
const ADMISSION_LAG_MS_MAX = 60_000;

/** `GET /organization/usage/completions`: sums of usage records in buckets and groups. A tenant's key sees its own. */
export const usageCompletions =
  (ports: UsagePorts): UseCase =>
  async (request) => {
    const query = parseUsageQuery(request);
    const report = createUsageReport(query);
    const range = { fromMs: query.fromMs - ADMISSION_LAG_MS_MAX, toMs: query.toMs };
    const tenants = readableTenants(ports, { principal: request.principal, asked: query.tenants });
    await shareWork(tenants, {
      workers: READS_AT_ONCE,
      work: async (tenant) => {
        for await (const records of ports.usage.read(tenant, range)) records.forEach(report.add);
      },
    });
    return jsonAnswer(200, {
      object: 'page',
      data: report.buckets().map(bucketObject),
      has_more: query.nextPage !== null,
      next_page: query.nextPage,
    });
  };

/** The tenants asked for that the caller may read: a project of another, like an unknown one, adds nothing. */
async function* readableTenants(
  ports: UsagePorts,
  of: { readonly principal: Principal; readonly asked: readonly TenantRef[] | undefined },
): AsyncGenerator<TenantRef> {
  const { principal, asked } = of;
  if (principal.kind === 'key') {
    if (asked === undefined || asked.includes(principal.tenant)) yield principal.tenant;
    return;
  }
  if (asked !== undefined) yield* new Set(asked);
  else yield* everyTenant(ports.tenancy);
}

const bucketObject = (bucket: UsageBucket) => ({
  object: 'bucket',
  start_time: bucket.startMs / 1000,
  end_time: bucket.endMs / 1000,
  results: bucket.sums.map(resultObject),
});

const resultObject = (sum: UsageSum) => ({
  object: 'organization.usage.completions.result',
  num_model_requests: sum.requests,
  input_tokens: sum.inputTokens,
  input_cached_tokens: sum.cachedTokens,
  output_tokens: sum.outputTokens,
  project_id: sum.projectId,
  model: sum.model,
  api_key_id: sum.apiKeyId,
  user_id: null,
  batch: null,
});
