import type { Command } from 'commander';
import type { Api } from '../api.ts';
import { Failure, refuseUsage } from '../failure.ts';
import { parseNames } from '../grant-options.ts';
import { at, isObject, type JsonObject, objectsAt, textAt } from '../json.ts';
import { addTenantLimitOptions, limitsBody, type TenantLimitOptions, tenantOnly } from '../limit-options.ts';
import { refuseEmpty } from '../options.ts';
import { accountPath, projectPath } from '../paths.ts';
import { example, perform } from '../session.ts';
import { cell, details, table } from '../table.ts';
import type { World } from '../world.ts';

interface WhoseOptions {
  readonly account?: string;
}

/** What a tenant or one of its workloads may use. */
export function addLimits(program: Command, world: World): void {
  const limits = program.command('limits').description('rates, spend and models of a tenant or a workload');
  limits
    .command('show [tenant]')
    .description('show the limits of a tenant and where they stand, or the limits of one workload')
    .option('--account <id>', 'a workload, instead of a tenant')
    .addHelpText(
      'after',
      example('bpx limits show proj_4fJq0c8ZtA', 'bpx limits show --account svc_4fJq0c8ZtA9bXk2Q'),
    )
    .action(
      perform<WhoseOptions>(world, async (session, { options, target }) => {
        const of = oneOf(target, options.account);
        const api = session.api();
        if ('account' in of) session.answer(await api.get(accountPath(of.account)), limitsView);
        else session.answer(await readTenantLimits(api, of.tenant), tenantView);
      }),
    );
  addLimitsSet(limits, world);
}

type SetOptions = TenantLimitOptions &
  WhoseOptions & {
    readonly model?: string;
    readonly clearModel?: string;
    readonly allowModels?: readonly string[];
    readonly denyModels?: readonly string[];
    readonly allModels?: boolean;
  };

function addLimitsSet(limits: Command, world: World): void {
  const set = limits
    .command('set [tenant]')
    .description(
      'set limits, or models; they act on the next request. The admin key needs limits:write, and beside it ' +
        'projects:write for limits of a tenant, keys:write for those of a workload',
    );
  addTenantLimitOptions(set)
    .option('--account <id>', 'of a workload, instead of a tenant')
    .option('--model <id>', 'of one model of the tenant, instead of all together')
    .option('--clear-model <id>', 'remove all limits of one model of the tenant')
    .option('--allow-models <list>', 'the tenant may use these models alone', parseNames)
    .option('--deny-models <list>', 'the tenant may use all models but these', parseNames)
    .option('--all-models', 'the tenant may use every model; limits may be set along with it')
    .addHelpText(
      'after',
      example(
        'bpx limits set proj_4fJq0c8ZtA --usd-per-month 500 --requests-per-day none',
        'bpx limits set proj_4fJq0c8ZtA --model amazon.nova-pro-v1:0 --usd-per-day 20 --shadow usd-per-day',
        "bpx limits set proj_4fJq0c8ZtA --allow-models 'amazon.nova-*'",
        'bpx limits set --account svc_4fJq0c8ZtA9bXk2Q --usd-per-month 20',
      ),
    )
    .action(
      perform<SetOptions>(world, async (session, { options, target }) => {
        const change = changeOf(options, target);
        session.answer(await change(session.api()), changedView);
        if (options.account !== undefined || options.model !== undefined) session.say(COUNTS_FROM_NOW);
      }),
    );
}

/** Unlike a tenant's own counters, which count without a limit too. */
const COUNTS_FROM_NOW =
  'A limit that a workload or a model did not have counts from now on. npm run limits:rebuild counts the past of its day and month.';

type Change = (api: Api) => Promise<JsonObject>;

/** What a command asks for, checked before anything is sent. */
function changeOf(options: SetOptions, target: string): Change {
  const of = oneOf(target, options.account);
  const limits = projectLimitsBody(options);
  const permissions = permissionsOf(options);
  if ('account' in of) return accountChange(of.account, { options, permissions });
  const path = projectPath(of.tenant);
  if (permissions === undefined) {
    const body = { limits: refuseEmpty(limits) };
    return (api) => api.post(path, body);
  }
  const modelsPath = `${path}/model_permissions`;
  const setModels: Change = (api) =>
    permissions === 'all' ? api.delete(modelsPath) : api.post(modelsPath, permissions);
  if (Object.keys(limits).length === 0) return setModels;
  if (permissions !== 'all') {
    refuseUsage(
      'Set a list of models and limits by two commands, so that one of them cannot fail half done.',
    );
  }
  return bothChanges((api) => api.post(path, { limits }), setModels);
}

/** The limits of a tenant, where those of one model are inside of the others. */
function projectLimitsBody(options: SetOptions): JsonObject {
  const { model, clearModel } = options;
  const limits = limitsBody(options);
  if (model !== undefined && clearModel !== undefined) {
    refuseUsage('Give --model or --clear-model, not both.');
  }
  if (clearModel !== undefined) return { ...limits, models: { [clearModel]: null } };
  if (model === undefined) return limits;
  const [wrong] = tenantOnly(options);
  if (wrong !== undefined) refuseUsage(`${wrong} is of a whole tenant. Leave out --model, or ${wrong}.`);
  return { models: { [model]: refuseEmpty(limits) } };
}

function accountChange(
  account: string,
  of: { readonly options: SetOptions; readonly permissions: JsonObject | 'all' | undefined },
): Change {
  const { model, clearModel } = of.options;
  const path = accountPath(account);
  if (of.permissions !== undefined) {
    refuseUsage('These are the models of a tenant. For a workload: bpx accounts update <id> --models …');
  }
  const [wrong] = [
    ...tenantOnly(of.options),
    ...(model === undefined ? [] : ['--model']),
    ...(clearModel === undefined ? [] : ['--clear-model']),
  ];
  if (wrong !== undefined) {
    refuseUsage(
      `Only tenants have ${wrong}: name one (proj_…) instead of --account. A workload has rates and spend.`,
    );
  }
  const body = { limits: refuseEmpty(limitsBody(of.options)) };
  return (api) => api.post(path, body);
}

/** Limits, then models. The second may fail when the first is done, which its message then says; a repeat does no harm. */
const bothChanges =
  (setLimits: Change, setModels: Change): Change =>
  async (api) => {
    const project = await setLimits(api);
    const permissions = await setModels(api).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      throw new Failure(error.kind, `The limits are set, but not the models: ${error.message}`, {
        ...(error.status !== undefined && { status: error.status }),
      });
    });
    return { project, model_permissions: permissions };
  };

function oneOf(
  tenant: string,
  account: string | undefined,
): { readonly tenant: string } | { readonly account: string } {
  if ((tenant === '') === (account === undefined)) {
    refuseUsage('Whose? Name a tenant (proj_…), or a workload by --account svc_….');
  }
  return account === undefined ? { tenant } : { account };
}

function permissionsOf({ allowModels, denyModels, allModels }: SetOptions): JsonObject | 'all' | undefined {
  const asked = [allowModels, denyModels, allModels].filter((one) => one !== undefined);
  if (asked.length > 1) refuseUsage('Give one of --allow-models, --deny-models and --all-models.');
  if (allowModels !== undefined) return { mode: 'allow_list', model_ids: allowModels };
  if (denyModels !== undefined) return { mode: 'deny_list', model_ids: denyModels };
  return allModels === undefined ? undefined : 'all';
}

/** Everything that limits a tenant, each part as the API has it. Its rate limits are among the project's own. */
async function readTenantLimits(api: Api, tenant: string): Promise<JsonObject> {
  const path = projectPath(tenant);
  const project = await api.get(path);
  const [spendLimit, permissions, usage] = await Promise.all([
    unlessUnset(api.get(`${path}/spend_limit`)),
    unlessUnset(api.get(`${path}/model_permissions`)),
    // A deployment of an earlier release does not tell.
    unlessUnset(api.get(`${path}/limit_usage`)),
  ]);
  return { project, spend_limit: spendLimit, model_permissions: permissions, limit_usage: usage };
}

/** Of a tenant that exists, what is not found has not been set. */
const unlessUnset = (answer: Promise<JsonObject>): Promise<JsonObject | null> =>
  answer.catch((error: unknown) => {
    if (error instanceof Failure && error.status === 404) return null;
    throw error;
  });

/** After one change, or after two. */
function changedView(document: JsonObject): string {
  const project = document['project'];
  if (isObject(project)) {
    const { id, limits } = project;
    return details({ id, limits, models: 'all' });
  }
  return 'limits' in document ? limitsView(document) : details(document);
}

const limitsView = ({ id, limits }: JsonObject): string => details({ id, limits });

function tenantView(document: JsonObject): string {
  const mode = textAt(document, 'model_permissions.mode');
  const models = cell('', at(document, 'model_permissions.model_ids'));
  const limits = details({
    id: at(document, 'project.id'),
    limits: at(document, 'project.limits'),
    spend: spendText(textAt(document, 'spend_limit.enforcement.status')),
    models: mode === undefined ? 'all' : `${mode === 'allow_list' ? 'only' : 'all but'} ${models}`,
    inflight: at(document, 'limit_usage.inflight.used'),
    ...debtOf(document),
  });
  return [limits, usageTable(objectsAt(document, 'limit_usage.limits'))]
    .filter((part) => part !== '')
    .join('\n');
}

/** Where the limits in force stand; nothing where there are none. */
const usageTable = (limits: readonly JsonObject[]): string =>
  limits.length === 0
    ? ''
    : table(
        [
          ['OWNER', 'owner.id'],
          ['LIMIT', 'limit'],
          ['VALUE', 'value'],
          ['USED', 'used'],
          ['RESERVED', 'reserved'],
          ['REMAINING', 'remaining'],
          ['RESETS', ({ resets_at }) => cell('resets_at', resets_at)],
          ['MODE', 'mode'],
        ],
        limits,
      );

/** How much more requests under way may cost than is reserved, where estimates are balanced. */
function debtOf(document: JsonObject): JsonObject {
  const debt = at(document, 'limit_usage.debt_usd');
  return debt === undefined ? {} : { debt_usd: debt };
}

function spendText(status: string | undefined): string {
  if (status === undefined) return 'without a limit';
  return status === 'enforcing' ? 'used up: requests are refused' : 'below the limit';
}
