/**
 * `npm run audit:verify`: walks the chains of the audit log and names the first link of each that does not hold.
 * Exit 0 where all hold, 1 where any is broken, 2 where it could not be told, there is no such project, or an export is incomplete.
 */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { ChainVerdict } from '../shared/domain/audit-archive.ts';
import type { TenantRef } from '../shared/domain/ids.ts';
import { type CopyFault, inventedCopies } from './audit-verification/copies.ts';
import { verifyExport } from './audit-verification/export.ts';
import { type AuditSource, isUnknown, openTables, verifyChain } from './audit-verification/table.ts';
import { chainName, faultsLine, parseChainName, verdictLine } from './audit-verification/verdict.ts';
import { tablesPlace } from './stage-tables/place.ts';

interface Options {
  readonly project?: TenantRef;
  readonly export?: string;
  readonly stage?: string;
  readonly region: string;
  readonly aws?: true;
}

const program = new Command('audit:verify')
  .exitOverride()
  .description('Verifies the hash chains of the audit log, in its table or in an export of its archive.')
  .option(
    '--project <id>',
    'only the chain of this project (proj_…), or the organisation’s (org)',
    (name) => {
      const chain = parseChainName(name);
      if (chain === undefined) throw new InvalidArgumentError('It is a proj_… id, or org.');
      return chain;
    },
  )
  .option('--export <path>', 'a file, or a folder of .jsonl files, as the archive writes them')
  .option('--stage <stage>', 'the stage whose tables are read (default: the running local stack’s, else dev)')
  .option('--region <region>', 'the region of the tables', process.env['AWS_REGION'] ?? 'us-east-1')
  .option('--aws', 'AWS’s own tables: never read unless asked for')
  .addHelpText(
    'after',
    `
Without --export the tables are read with the credentials that the AWS SDK finds, at AWS_ENDPOINT_URL_DYNAMODB where
it is set, and else in the local stack, unless --aws says otherwise. On tables the copies that the list of all projects is read
from are held against the events, both ways. The archive is up to a minute behind the tables, and its events may be
behind its heads by as much: a chain whose heads tell of more events than there are is incomplete, not broken.

Exit status: 0 every chain holds, 1 one does not, 2 it could not be told, there is no such project, or an export is
incomplete.`,
  );

type Outcome = 'holds' | 'broken' | 'incomplete' | 'unknown';
const EXIT_CODES: Readonly<Record<Outcome, number>> = { holds: 0, broken: 1, incomplete: 2, unknown: 2 };

async function verify(options: Options): Promise<Outcome> {
  if (options.export !== undefined) return reportExport(options.export, options.project);
  const source = await openSource(options);
  try {
    if (options.project !== undefined && (await isUnknown(source, options.project))) {
      console.error(`No such project: ${chainName(options.project)}.`);
      return 'unknown';
    }
    const chains = options.project === undefined ? await source.chains() : [options.project];
    if (chains.length === 0)
      console.log('There is no event and no head: nothing was ever recorded here, or all of it is gone.');
    const faults: CopyFault[] = [];
    let holds = chains.length > 0;
    for (const chain of chains) {
      const verdict = await verifyChain(source, chain);
      faults.push(...verdict.faults);
      holds = report(verdict) && holds;
    }
    for await (const fault of inventedCopies(source.table, options.project)) faults.push(fault);
    const line = faultsLine(faults);
    if (line !== undefined) console.log(line);
    return holds && line === undefined ? 'holds' : 'broken';
  } finally {
    source.close();
  }
}

async function reportExport(location: string, project: TenantRef | undefined): Promise<Outcome> {
  const { chains, findings } = await verifyExport(location);
  const judged = chains.filter(({ chain }) => project === undefined || chain === project);
  if (judged.length === 0) console.log('The export holds no event of that.');
  for (const finding of findings) console.log(finding);
  const held = judged.map(report);
  if (held.length === 0 || !held.every(Boolean) || findings.length > 0) return 'broken';
  return judged.some(({ awaited }) => awaited !== undefined) ? 'incomplete' : 'holds';
}

/** One line a chain; whether no link of it is broken. */
function report(verdict: ChainVerdict): boolean {
  console.log(verdictLine(verdict));
  return verdict.broken === undefined;
}

/** Says which tables it reads. */
async function openSource(options: Options): Promise<AuditSource> {
  const place = await tablesPlace(options);
  const where = place.endpoint === undefined ? '' : ` (${place.endpoint})`;
  console.log(`Verifying stage ${place.stage} in ${place.region}${where}.`);
  return openTables(place);
}

try {
  process.exitCode = EXIT_CODES[await verify(program.parse().opts<Options>())];
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
