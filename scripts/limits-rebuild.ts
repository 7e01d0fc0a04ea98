/**
 * `npm run limits:rebuild -- --tenant proj_…`: works a tenant's counters out anew from its usage records and from what is
 * under way, says which differ, and with `--apply` writes them. Exit 0 where none differs or all were written, 1 where
 * some differ, 2 where it could not be told.
 */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { compareLimits, type RebuildTerms, rebuildLimits } from '../shared/aws/limits-rebuild.ts';
import { createTenancyStore } from '../shared/aws/tenancy-store.ts';
import { createUsageStore } from '../shared/aws/usage-store.ts';
import { findModel } from '../shared/domain/catalogue.ts';
import { type AccountRef, parseProjectId, projectId, type TenantRef } from '../shared/domain/ids.ts';
import type { LimitSet } from '../shared/domain/limits.ts';
import type { RebuildDifference } from '../shared/domain/limits-rebuild.ts';
import type { TenancyStore } from '../shared/ports.ts';
import { connectTables } from './stage-tables/connection.ts';
import { type TablesPlace, tablesPlace } from './stage-tables/place.ts';

interface Options {
  readonly tenant: TenantRef;
  readonly stage?: string;
  readonly region: string;
  readonly aws?: true;
  readonly apply?: true;
}

const program = new Command('limits:rebuild')
  .exitOverride()
  .description('Works out what a tenant’s counters must hold, and says which do not.')
  .requiredOption('--tenant <id>', 'the project, proj_…', (id) => {
    const tenant = parseProjectId(id);
    if (tenant === undefined) throw new InvalidArgumentError('It is a proj_… id.');
    return tenant;
  })
  .option('--stage <stage>', 'the stage whose tables are read (default: the running local stack’s, else dev)')
  .option('--region <region>', 'the region of the tables', process.env['AWS_REGION'] ?? 'us-east-1')
  .option('--aws', 'AWS’s own tables: never touched unless asked for')
  .option('--dry-run', 'only says what differs (this is the default)')
  .option('--apply', 'writes what differs, unless a request came in between: then it looks again');
program.options.find(({ long }) => long === '--dry-run')?.conflicts('apply');

async function rebuild(options: Options): Promise<number> {
  const place = await tablesPlace(options);
  const doing = options.apply === true ? 'Rebuilding' : 'Comparing';
  console.log(`${doing} ${projectId(options.tenant)} of stage ${place.stage} in ${place.region}.`);
  const tables = await openTables(place);
  try {
    const terms = await termsOf(tables.tenancy, options.tenant);
    const target = { ...tables, tenant: options.tenant };
    const differences = await (options.apply === true ? rebuildLimits : compareLimits)(target, terms);
    for (const difference of differences) console.log(lineOf(difference));
    if (differences.length === 0) console.log('No counter differs.');
    else if (options.apply === true) console.log(`${differences.length} written.`);
    else console.log(`${differences.length} differ. Nothing was written: say --apply.`);
    return differences.length > 0 && options.apply === undefined ? 1 : 0;
  } finally {
    tables.close();
  }
}

const lineOf = ({ name, held, rebuilt }: RebuildDifference): string =>
  `${name}  ${held ?? 'absent'} -> ${rebuilt}`;

/** The tenant's limits and its accounts', as they are now. */
async function termsOf(tenancy: TenancyStore, ref: TenantRef): Promise<RebuildTerms> {
  const tenant = await tenancy.readTenant(ref);
  if (tenant === undefined) throw new Error(`No such project: ${projectId(ref)}.`);
  const accountLimits = new Map<AccountRef, LimitSet>();
  let after: string | undefined;
  do {
    const page = await tenancy.listAccounts(ref, { limit: 100, ...(after !== undefined && { after }) });
    for (const account of page.items) {
      if (account.limits !== undefined) accountLimits.set(account.ref, account.limits);
    }
    after = page.hasMore ? page.items.at(-1)?.ref : undefined;
  } while (after !== undefined);
  const outputFactorOf = (model: string): number => findModel(model)?.outputFactor ?? 1;
  return { nowMs: Date.now(), limits: tenant.limits, accountLimits, outputFactorOf };
}

async function openTables(place: TablesPlace) {
  const { dynamo, prefix, close } = await connectTables(place);
  const tables = { config: `${prefix}-config`, audit: `${prefix}-audit`, auditHead: `${prefix}-audit-head` };
  return {
    dynamo,
    limitsTable: `${prefix}-limits`,
    usage: createUsageStore({ dynamo, table: `${prefix}-usage` }),
    tenancy: createTenancyStore({ dynamo, tables, clock: Date.now }),
    close,
  };
}

try {
  process.exitCode = await rebuild(program.parse().opts<Options>());
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

/** Commander has said what is wrong with the command line itself, or has helped. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
  console.error(error instanceof Error ? `${error.message}${cause}` : error);
  return 2;
}
