/** Which model a name means, for whom, and which names there are. */
import { quotable } from '../../shared/domain/api-key.ts';
import { closeIds } from '../../shared/domain/close-ids.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { Model, ModelMode } from '../../shared/domain/model.ts';
import { mayCall, modelsOf } from '../../shared/domain/model-access.ts';
import type { KeyPrincipal } from '../../shared/domain/principal.ts';
import { isProfileArn, type ModelAliases } from '../../shared/domain/tenant-settings.ts';
import type { ProxyDependencies } from './dependencies.ts';
import { isPriced, type PricedModel, pricedModel } from './model-choice.ts';

/** A model under the name that a caller has for it. */
export interface NamedModel {
  /** What the caller asks for and every answer repeats: an id of the catalogue or an alias. */
  readonly name: string;
  /** What is paid, limited, permitted and put down in the ledger. */
  readonly model: PricedModel;
  /** What Bedrock is called with: the model's id, or the ARN of an application inference profile. */
  readonly invokeId: string;
}

type ModelCaller = Pick<KeyPrincipal, 'tenant' | 'models' | 'modelPermissions' | 'settingsVersion'>;

export interface ModelDirectory {
  /**
   * The model of a name. Rejects with `model_not_found`, which names close names out of those that may be called;
   * `unsupported_value` for a model of another mode; `model_not_priced`; and `service_unavailable` where the tenant's
   * aliases or the profile cannot be read.
   */
  find(
    name: string,
    of: { readonly caller: ModelCaller; readonly modes: readonly ModelMode[] },
  ): Promise<NamedModel>;
  /**
   * Everything that the caller may call in these modes: the catalogue in its order, then aliases by name. An alias whose
   * profile cannot be asked for is left out, and logged: the others are of use all the same.
   */
  list(of: {
    readonly caller: ModelCaller;
    readonly modes: readonly ModelMode[];
  }): Promise<readonly NamedModel[]>;
}

type DirectoryDependencies = Pick<
  ProxyDependencies,
  'catalogue' | 'aliases' | 'profiles' | 'tenantSettings' | 'log'
>;

const SUGGESTIONS_MAX = 5;
/** What is repeated of a name that the caller made up. */
const ECHO_MAX = 200;
/** Where each mode is served, for whoever asks at the wrong endpoint. */
const ENDPOINTS: Readonly<Record<ModelMode, string>> = {
  chat: 'a chat model: call it by POST /v1/chat/completions',
  embedding: 'a model for embeddings: call it by POST /v1/embeddings',
  image: 'a model that makes images, which cannot be called here',
};

/**
 * A name is first an id of the catalogue, whoever may call it: no alias hides a model. Then it is an alias of the
 * tenant, then of the deployment. Whether it may be called is asked of the model alone.
 */
export function createModelDirectory(deps: DirectoryDependencies): ModelDirectory {
  const byId: ReadonlyMap<string, Model> = new Map(deps.catalogue.map((model) => [model.id, model]));

  const callableBy = (
    caller: ModelCaller,
    { id, target }: { readonly id: string | undefined; readonly target: string },
  ): Followed | undefined => {
    const model = id === undefined ? undefined : byId.get(id);
    return model !== undefined && mayCall(caller, model.id) ? { model, invokeId: target } : undefined;
  };

  /** Undefined where an alias leads nowhere, or to what the caller may not call. */
  const follow = async (target: string, caller: ModelCaller): Promise<Followed | undefined> =>
    callableBy(caller, { id: isProfileArn(target) ? await profileModel(deps, target) : target, target });

  /** The same of what is known: nobody outside is asked for a hint. */
  const followKnown = (target: string, caller: ModelCaller): Followed | undefined =>
    callableBy(caller, { id: isProfileArn(target) ? deps.profiles.knownModelOf(target) : target, target });

  /** Aliases in force: those of the tenant before those of the deployment, and none that is a model's id. */
  const aliasesFor = async (caller: ModelCaller): Promise<ModelAliases> =>
    caller.settingsVersion === undefined
      ? deps.aliases
      : {
          ...deps.aliases,
          ...(await deps.tenantSettings.read(caller.tenant, caller.settingsVersion)).modelAliases,
        };

  const inForce = (names: ModelAliases) => Object.entries(names).filter(([name]) => !byId.has(name));

  const list = async (of: Asked): Promise<readonly NamedModel[]> => {
    const names = await aliasesFor(of.caller);
    const found = await Promise.all(
      inForce(names).map(async ([name, target]) => {
        const followed = await follow(target, of.caller).catch(() => leftOut(deps, { ...of, name }));
        return named(name, followed);
      }),
    );
    return listed(found, of);
  };

  /** What the caller may have meant, out of the names that are known to lead somewhere. */
  const known = (names: ModelAliases, of: Asked): readonly NamedModel[] =>
    listed(
      inForce(names).map(([name, target]) => named(name, followKnown(target, of.caller))),
      of,
    );

  const listed = (aliases: readonly (NamedModel | undefined)[], of: Asked): readonly NamedModel[] => [
    ...catalogueFor(deps.catalogue, of),
    ...aliases
      .filter((one) => one !== undefined)
      .filter(({ model }) => of.modes.includes(model.mode))
      .toSorted(byName),
  ];

  return {
    list,
    async find(name, of) {
      const model = byId.get(name);
      if (model !== undefined) {
        if (mayCall(of.caller, name)) return callable({ name, model, invokeId: name }, of);
        const aliases = await aliasesFor(of.caller).catch(() => ({}));
        throw notFound(name, suggestions(name, known(aliases, of)));
      }
      const aliases = await aliasesFor(of.caller);
      const target = Object.hasOwn(aliases, name) ? aliases[name] : undefined;
      const followed = target === undefined ? undefined : await follow(target, of.caller);
      if (followed !== undefined) return callable({ name, ...followed }, of);
      throw notFound(name, suggestions(name, known(aliases, of)));
    },
  };
}

interface Asked {
  readonly caller: ModelCaller;
  readonly modes: readonly ModelMode[];
}

/** Where an alias leads. */
interface Followed {
  readonly model: Model;
  readonly invokeId: string;
}

/** The model that the profile leads to; undefined where there is no such profile, or none that is priced. */
async function profileModel({ profiles }: DirectoryDependencies, arn: string): Promise<string | undefined> {
  try {
    return await profiles.modelOf(arn);
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'model_not_found') return undefined;
    throw error;
  }
}

/** Tells whose alias is missing from the list. Never the ARN: it names the account. */
function leftOut(
  { log }: DirectoryDependencies,
  of: { readonly caller: ModelCaller; readonly name: string },
): undefined {
  const { caller, name } = of;
  log.write({ level: 'warn', event: 'model_alias.not_listed', tenant: caller.tenant, alias: name });
}

const catalogueFor = (catalogue: readonly Model[], { caller, modes }: Asked): readonly NamedModel[] =>
  modelsOf(catalogue, caller)
    .filter(({ mode }) => modes.includes(mode))
    .filter(isPriced)
    .map((model) => ({ name: model.id, model, invokeId: model.id }));

const named = (name: string, followed: Followed | undefined): NamedModel | undefined =>
  followed !== undefined && isPriced(followed.model)
    ? { name, model: followed.model, invokeId: followed.invokeId }
    : undefined;

const byName = (one: NamedModel, other: NamedModel): number => (one.name < other.name ? -1 : 1);

function callable(of: Followed & { readonly name: string }, { modes }: Asked): NamedModel {
  const { name, model, invokeId } = of;
  if (modes.includes(model.mode)) return { name, model: pricedModel({ name, model }), invokeId };
  throw new GatewayError('unsupported_value', `The model '${name}' is ${ENDPOINTS[model.mode]}.`, {
    param: 'model',
  });
}

const suggestions = (wanted: string, callable: readonly NamedModel[]): readonly string[] =>
  closeIds(wanted, { candidates: callable.map(({ name }) => name), countMax: SUGGESTIONS_MAX });

function notFound(name: string, close: readonly string[]): GatewayError {
  const hint = close.length === 0 ? '' : ` Close to it: ${close.join(', ')}.`;
  return new GatewayError(
    'model_not_found',
    `The model '${quotable(name, { charactersMax: ECHO_MAX })}' does not exist or you do not have access to it.${hint}`,
    { param: 'model' },
  );
}
