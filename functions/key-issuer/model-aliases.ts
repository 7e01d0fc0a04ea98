import * as z from 'zod/mini';
import { quotable } from '../../shared/domain/api-key.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { projectId, type TenantRef } from '../../shared/domain/ids.ts';
import { type Model, SERVED_MODES } from '../../shared/domain/model.ts';
import type { Tenant } from '../../shared/domain/tenancy.ts';
import {
  isProfileArn,
  type ModelAliases,
  NO_SETTINGS,
  regionOfProfile,
  type TenantSettings,
} from '../../shared/domain/tenant-settings.ts';
import { parseBody } from '../../shared/http/body-schema.ts';
import { type GatewayAnswer, jsonAnswer, type UseCase } from '../../shared/http/message.ts';
import { changeTenant, readActiveTenant, readTenant } from './change-tenant.ts';
import { type AuditFacts, changedFacts, newFacts } from './changed-facts.ts';
import { tenantOf } from './path-ids.ts';
import type { KeyIssuerPorts } from './ports.ts';

const ALIASES_MAX = 50;
/** A standard parameter of Parameter Store. Source: AWS Systems Manager user guide, "Managing parameter tiers". */
const SETTINGS_BYTES_MAX = 4096;
const ALIAS_NAME = /^[A-Za-z0-9._:/-]{1,64}$/;
export const updateBody = z.strictObject({ aliases: z.record(z.string(), z.string()) });

/** `GET /organization/projects/{project_id}/model_aliases`: an empty object where none are set. */
export const retrieveModelAliases =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const tenant = await readTenant(ports, tenantOf(request));
    return aliasesAnswer(await settingsOf(ports, tenant));
  };

/**
 * `POST …/model_aliases`: replaces all aliases, from the next request on. The settings are kept first and put in force
 * then, with the audit event: a crash between leaves a version that nobody reads. Bedrock is asked where profiles lead;
 * where it cannot be, nothing is set.
 */
export const updateModelAliases =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const { aliases } = parseBody(updateBody, request.body);
    const settings: TenantSettings = { modelAliases: aliases };
    refuseAliases(settings, ports);
    const { ref } = await readActiveTenant(ports, tenantOf(request));
    await refuseUnresolved(settings, ports);
    const settingsVersion = await ports.tenantSettings.put(ref, settings);
    await changeTenant(ports, {
      request,
      decide: async (before) => ({
        tenant: { ...before, settingsVersion },
        audit: {
          type: 'project.model_aliases.updated',
          subject: {
            ...{ id: projectId(before.ref), aliases: Object.keys(aliases) },
            ...(await aliasFacts(ports, { before, aliases })),
          },
        },
      }),
    });
    return aliasesAnswer(settings);
  };

/**
 * What each name meant and means, where that changed. Where what was in force cannot be read, every name that is set is
 * told with what it means alone: aliases that are broken must be set anew all the same.
 */
async function aliasFacts(
  ports: KeyIssuerPorts,
  { before, aliases }: { readonly before: Tenant; readonly aliases: ModelAliases },
): Promise<AuditFacts> {
  const had = await settingsOf(ports, before).catch(() => undefined);
  if (had === undefined) return newFacts(changedFacts({}, { aliases }));
  return changedFacts({ aliases: had.modelAliases }, { aliases });
}

const settingsOf = async (
  { tenantSettings }: Pick<KeyIssuerPorts, 'tenantSettings'>,
  { ref, settingsVersion }: Tenant,
): Promise<TenantSettings> =>
  settingsVersion === undefined ? NO_SETTINGS : tenantSettings.read(ref, settingsVersion);

/** The names in force for a project: its own before those of the deployment. */
export async function aliasesInForce(ports: KeyIssuerPorts, ref: TenantRef): Promise<ModelAliases> {
  const { modelAliases } = await settingsOf(ports, await readTenant(ports, ref));
  return { ...ports.aliases, ...modelAliases };
}

/** `project.model_aliases`, our addition to OpenAI's objects. */
const aliasesAnswer = ({ modelAliases }: TenantSettings): GatewayAnswer =>
  jsonAnswer(200, { object: 'project.model_aliases', aliases: modelAliases });

type Deployment = Pick<KeyIssuerPorts, 'catalogue' | 'region'>;

function refuseAliases(settings: TenantSettings, of: Deployment): void {
  const { modelAliases } = settings;
  const aliases = Object.entries(modelAliases);
  if (aliases.length > ALIASES_MAX) refuse('aliases', `it must not have more than ${ALIASES_MAX} names.`);
  for (const [name, target] of aliases) {
    const fault = nameFault(name, of.catalogue) ?? targetFault(target, { ...of, modelAliases });
    if (fault !== undefined) refuse(paramOf(name), fault);
  }
  if (Buffer.byteLength(JSON.stringify(settings)) > SETTINGS_BYTES_MAX) {
    refuse('aliases', `kept as JSON they take more than ${SETTINGS_BYTES_MAX} bytes. Leave some out.`);
  }
}

const paramOf = (name: string): string => `aliases.${quotable(name, { charactersMax: 64 })}`;

/** Refuses the first alias whose inference profile leads to nothing that can be called here. */
async function refuseUnresolved(
  { modelAliases }: TenantSettings,
  ports: Pick<KeyIssuerPorts, 'catalogue' | 'profiles'>,
): Promise<void> {
  const profiles = Object.entries(modelAliases).filter(([, target]) => isProfileArn(target));
  const faults = await Promise.all(profiles.map(([, arn]) => profileFault(arn, ports)));
  faults.forEach((fault, index) => {
    if (fault !== undefined) refuse(paramOf(profiles[index]?.[0] ?? ''), fault);
  });
}

async function profileFault(
  arn: string,
  { catalogue, profiles }: Pick<KeyIssuerPorts, 'catalogue' | 'profiles'>,
): Promise<string | undefined> {
  try {
    const id = await profiles.modelOf(arn);
    const model = catalogue.find((one) => one.id === id);
    return model !== undefined && isListed(model) ? undefined : NOT_CALLABLE;
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'model_not_found') return NOT_CALLABLE;
    throw error;
  }
}

const NOT_CALLABLE =
  'there is no inference profile of this ARN in use that leads to one model that GET /v1/models lists. Check the ARN by aws bedrock get-inference-profile.';

function nameFault(name: string, catalogue: readonly Model[]): string | undefined {
  if (!ALIAS_NAME.test(name)) return 'a name has 1 to 64 letters, digits or ._:/- characters.';
  if (name.startsWith('arn:')) return 'an alias must not look like an ARN. Choose another name.';
  return isModel(name, catalogue)
    ? 'a model has this name, and the alias would hide it. Choose another.'
    : undefined;
}

function targetFault(
  target: string,
  of: Deployment & { readonly modelAliases: ModelAliases },
): string | undefined {
  const model = of.catalogue.find(({ id }) => id === target);
  if (model !== undefined) {
    return isListed(model)
      ? undefined
      : 'the model cannot be called here. Name one that GET /v1/models lists.';
  }
  if (isProfileArn(target)) {
    return regionOfProfile(target) === of.region
      ? undefined
      : `the inference profile is not of this deployment's region, ${of.region}, so it cannot be called. Make one there.`;
  }
  return Object.hasOwn(of.modelAliases, target)
    ? 'it leads to another alias. Name what that one leads to.'
    : 'it must lead to a model that GET /v1/models lists, or to the ARN of an application inference profile.';
}

/** Whether a model is among those that callers are shown: it has an endpoint and a price. */
const isListed = ({ mode, price }: Model): boolean => SERVED_MODES.includes(mode) && price !== undefined;

const isModel = (name: string, catalogue: readonly Model[]): boolean =>
  catalogue.some(({ id }) => id === name);

function refuse(param: string, reason: string): never {
  throw new GatewayError('invalid_value', `Invalid value for '${param}': ${reason}`, { param });
}
