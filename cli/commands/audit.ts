import type { Command } from 'commander';
import { Failure } from '../failure.ts';
import { at, type JsonObject, textAt } from '../json.ts';
import { answerList } from '../list.ts';
import { addListOptions, defined, type ListOptions, parseList } from '../options.ts';
import { projectPath } from '../paths.ts';
import { example, perform } from '../session.ts';
import { type Column, cell, table } from '../table.ts';
import { parseTime, pastSeconds, type Time } from '../time.ts';
import { type ChainReport, everyChain, verifyChain } from '../verify-chain.ts';
import type { World } from '../world.ts';

const LOGS = '/organization/audit_logs';
/** How the API names the organisation's own chain. */
const ORGANIZATION = 'org';

const COLUMNS: readonly Column[] = [
  ['TIME', 'effective_at'],
  ['EVENT', 'type'],
  ['ACTOR', actorText],
  ['TENANT', 'project.id'],
  ['RESOURCE', (event) => cell('', resourceOf(event))],
  ['ID', 'id'],
];

interface AuditListOptions extends ListOptions {
  readonly project?: string;
  readonly org?: boolean;
  readonly types?: readonly string[];
  readonly actors?: readonly string[];
  readonly resources?: readonly string[];
  readonly from?: Time;
  readonly to?: Time;
}

interface WhichChain {
  readonly project?: string;
  readonly org?: boolean;
}

/** The log of every change of the control plane. */
export function addAudit(program: Command, world: World): void {
  const audit = program.command('audit').description('who changed what');
  addListOptions(audit.command('list').description('list events, newest first'))
    .option('--project <id>', 'only of this tenant')
    .option('--org', "only of the organisation's own chain")
    .option('--types <list>', 'only these events, such as api_key.created', parseList)
    .option('--actors <list>', 'only by these keys or workloads', parseList)
    .option('--resources <list>', 'only about these ids', parseList)
    .option('--from <time>', 'from this date, or so long ago', parseTime)
    .option('--to <time>', 'until this date, or so long ago', parseTime)
    .addHelpText(
      'after',
      example(
        'bpx audit list --from 24h',
        'bpx audit list --project proj_4fJq0c8ZtA --types api_key.deleted',
      ),
    )
    .action(
      perform<AuditListOptions>(world, async (session, { options }) => {
        const query = auditQuery(options, world.clock());
        const document = await session.api().list(LOGS, { limit: options.limit, query });
        answerList(session, { document, columns: COLUMNS });
      }),
    );
  addVerify(audit, world);
}

function auditQuery(options: AuditListOptions, nowMs: number): JsonObject {
  const { from, to } = options;
  const time = defined({
    gte: from === undefined ? undefined : pastSeconds(from, nowMs),
    lt: to === undefined ? undefined : pastSeconds(to, nowMs),
  });
  return defined({
    ...(Object.keys(time).length > 0 && { effective_at: time }),
    project_ids: chainOf(options),
    event_types: options.types,
    actor_ids: options.actors,
    resource_ids: options.resources,
  });
}

function chainOf({ project, org }: WhichChain): readonly string[] | undefined {
  if (project !== undefined) projectPath(project);
  const chains = [...(project === undefined ? [] : [project]), ...(org === true ? [ORGANIZATION] : [])];
  return chains.length === 0 ? undefined : chains;
}

function addVerify(audit: Command, world: World): void {
  audit
    .command('verify')
    .description(
      'check that no event was changed, removed or added; names the first broken link and exits with 1',
    )
    .option('--project <id>', 'only the chain of this tenant (default: all, and that of the organisation)')
    .option('--org', "only the organisation's own chain")
    .addHelpText('after', example('bpx audit verify', 'bpx audit verify --project proj_4fJq0c8ZtA --json'))
    .addHelpText(
      'after',
      `
It sees what the API answers of one chain at a time, which is read from the chain itself. A list without --project is
read from copies of the events: those are compared where the tables can be read (npm run audit:verify).`,
    )
    .action(
      perform<WhichChain>(world, async (session, { options }) => {
        const api = session.api();
        const reports: ChainReport[] = [];
        for (const chain of chainOf(options) ?? (await everyChain(api)))
          reports.push(await verifyChain(api, chain));
        session.answer({ object: 'audit_verification', data: reports }, () =>
          table(CHAIN_COLUMNS, reports.map(rowOf)),
        );
        const broken = reports.find((report) => report.broken !== null);
        if (broken?.broken) {
          throw new Failure(
            'refused',
            `The chain of ${broken.chain} does not hold: event ${broken.broken.sequence}: ${broken.broken.detail}.`,
          );
        }
      }),
    );
}

const CHAIN_COLUMNS: readonly Column[] = [
  ['CHAIN', 'chain'],
  ['EVENTS', 'events'],
  ['STATE', 'state'],
  ['HEAD', 'head'],
];

const rowOf = ({ chain, events, broken, head }: ChainReport): JsonObject => ({
  chain,
  events,
  state: broken === null ? 'holds' : `BROKEN at ${broken.sequence} (${broken.reason})`,
  head,
});

/** Whatever kind of actor it was, its id. */
function actorText(event: JsonObject): string {
  const type = textAt(event, 'actor.type') ?? '';
  return cell('', at(event, `actor.${type}.id`) ?? type);
}

/** An event's details are under its type's own name, which has dots in it. */
const resourceOf = (event: JsonObject): unknown => at(event[textAt(event, 'type') ?? ''], 'id');
