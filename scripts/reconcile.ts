/**
 * `npm run reconcile`: holds the ledger against Bedrock's invocation log and AWS's cost and usage report. Exit 0 where
 * they agree, 1 where they drift apart, 2 where it could not be told: bad input, or lines that could not be read.
 */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { reconcileCalls } from '../shared/domain/reconciliation.ts';
import { reconcileBill } from '../shared/domain/reconciliation-bill.ts';
import type { TimeRange } from '../shared/domain/usage.ts';
import { readCostReport } from './reconciliation/cost-report.ts';
import { readInvocationLog } from './reconciliation/invocation-log.ts';
import { type LedgerRecords, readLedgerFile, readLedgerTables } from './reconciliation/ledger-records.ts';
import { type Findings, findingsJson, findingsText, outcomeOf } from './reconciliation/report-text.ts';
import { tablesPlace } from './stage-tables/place.ts';

interface Options {
  readonly from: number;
  readonly to: number;
  readonly ledger?: string;
  readonly stage?: string;
  readonly region: string;
  readonly aws?: true;
  readonly invocationLogs?: string;
  readonly costReport?: string;
  readonly tolerance: number;
  readonly json?: true;
}

const program = new Command('reconcile')
  .exitOverride()
  .description('Holds the ledger against what Bedrock logged and AWS billed, by tenant and model.')
  .requiredOption('--from <date>', 'first day, UTC: 2026-11-01', parseDay)
  .requiredOption('--to <date>', 'the day behind the last', parseDay)
  .option('--ledger <file>', 'the ledger as JSON lines, instead of its tables')
  .option('--stage <stage>', 'the stage whose tables are read (default: the running local stack’s, else dev)')
  .option('--region <region>', 'the region of the tables', process.env['AWS_REGION'] ?? 'us-east-1')
  .option('--aws', 'AWS’s own tables: never read unless asked for')
  .option('--invocation-logs <place>', 'a file, a folder or s3://bucket/prefix of .json(.gz) files')
  .option('--cost-report <place>', 'a file, a folder or s3://bucket/prefix of .csv(.gz) files')
  .option('--tolerance <percent>', 'of tokens and money, from 0 to 100', parsePercent, 0)
  .option('--json', 'for a program')
  .addHelpText(
    'after',
    `
Without --ledger the tables are read at AWS_ENDPOINT_URL_DYNAMODB where it is set, else in the local stack or, with --aws,
in AWS itself.

Exit status: 0 they agree, 1 they do not, 2 it could not be told, also where there is nothing to compare.`,
  );

const EXIT_CODES = { agrees: 0, drift: 1, incomplete: 2, nothing: 2 } as const;

function parseDay(text: string): number {
  const atMs = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(atMs)) throw new InvalidArgumentError('It is a date: 2026-11-01.');
  return atMs;
}

function parsePercent(text: string): number {
  const percent = /^\d{1,3}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(percent <= 100)) throw new InvalidArgumentError('It is a number from 0 to 100.');
  return percent;
}

async function readFindings(options: Options): Promise<Findings> {
  const { invocationLogs, costReport, tolerance } = options;
  const range = { fromMs: options.from, toMs: options.to };
  if (range.toMs <= range.fromMs) throw new Error('--to must be after --from.');
  if (invocationLogs === undefined && costReport === undefined)
    throw new Error('There is nothing to compare with: give --invocation-logs, --cost-report or both.');
  const ledger = await readLedger(options, range);
  const log = invocationLogs === undefined ? undefined : await readInvocationLog(invocationLogs, range);
  const costs = costReport === undefined ? undefined : await readCostReport(costReport, range);
  return {
    ledgerRecords: ledger.records.length,
    tolerancePercent: tolerance,
    ...(log !== undefined && {
      calls: {
        drifts: reconcileCalls({ ledger: ledger.records, calls: log.calls }),
        foreign: log.foreign,
        outside: log.outside,
      },
    }),
    ...(costs !== undefined && {
      bill: { drifts: reconcileBill({ ledger: ledger.records, bill: costs.bill }), others: costs.others },
    }),
    unreadable: [...ledger.unreadable, ...(log?.unreadable ?? []), ...(costs?.unreadable ?? [])],
  };
}

async function readLedger(options: Options, range: TimeRange): Promise<LedgerRecords> {
  if (options.ledger !== undefined) return readLedgerFile(options.ledger, range);
  return readLedgerTables(await tablesPlace(options), range);
}

try {
  const options = program.parse().opts<Options>();
  const findings = await readFindings(options);
  console.log(
    options.json === true ? JSON.stringify(findingsJson(findings), null, 1) : findingsText(findings),
  );
  process.exitCode = EXIT_CODES[outcomeOf(findings)];
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
