import * as z from 'zod/mini';
import { quotable } from '../../shared/domain/api-key.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { projectId, type TenantRef } from '../../shared/domain/ids.ts';
import type { Model } from '../../shared/domain/model.ts';
import type { Tenant } from '../../shared/domain/tenancy.ts';
import {
  isProfileArn,
  type ModelAliases,
  NO_SETTINGS,
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
 * then, with the audit event: a crash between leaves a version that nobody reads.
 */
export const updateModelAliases =
  (ports: KeyIssuerPorts): UseCase =>
  async (request) => {
    const { aliases } = parseBody(updateBody, request.body);
    const settings: TenantSettings = { modelAliases: aliases };
    refuseAliases(settings, ports.catalogue);
    const { ref } = await readActiveTenant(ports, tenantOf(request));
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

function refuseAliases(settings: TenantSettings, catalogue: readonly Model[]): void {
  const { modelAliases } = settings;
  const aliases = Object.entries(modelAliases);
  if (aliases.length > ALIASES_MAX) refuse('aliases', `it must not have more than ${ALIASES_MAX} names.`);
  for (const [name, target] of aliases) {
    const param = `aliases.${quotable(name, { charactersMax: 64 })}`;
    const fault = nameFault(name, catalogue) ?? targetFault(target, { modelAliases, catalogue });
    if (fault !== undefined) refuse(param, fault);
  }
  if (Buffer.byteLength(JSON.stringify(settings)) > SETTINGS_BYTES_MAX) {
    refuse('aliases', `kept as JSON they take more than ${SETTINGS_BYTES_MAX} bytes. Leave some out.`);
  }
}

function nameFault(name: string, catalogue: readonly Model[]): string | undefined {
  if (!ALIAS_NAME.test(name)) return 'a name has 1 to 64 letters, digits or ._:/- characters.';
  if (name.startsWith('arn:')) return 'an alias must not look like an ARN. Choose another name.';
  return isModel(name, catalogue)
    ? 'a model has this name, and the alias would hide it. Choose another.'
    : undefined;
}

function targetFault(
  target: string,
  of: { readonly modelAliases: ModelAliases; readonly catalogue: readonly Model[] },
): string | undefined {
  if (isModel(target, of.catalogue) || isProfileArn(target)) return undefined;
  return Object.hasOwn(of.modelAliases, target)
    ? 'it leads to another alias. Name what that one leads to.'
    : 'it must lead to a model that GET /v1/models lists, or to the ARN of an application inference profile.';
}

const isModel = (name: string, catalogue: readonly Model[]): boolean =>
  catalogue.some(({ id }) => id === name);

function refuse(param: string, reason: string): never {
  throw new GatewayError('invalid_value', `Invalid value for '${param}': ${reason}`, { param });
}
