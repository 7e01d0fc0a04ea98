/** Lists of models that a project may call or not: an entry that matches nothing would be believed to do something. */
import { quotable } from '../../shared/domain/api-key.ts';
import { closeIds } from '../../shared/domain/close-ids.ts';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { patternCovers } from '../../shared/domain/grant.ts';
import { type ModelPermissions, modelBehind } from '../../shared/domain/model-access.ts';
import type { ModelAliases } from '../../shared/domain/tenant-settings.ts';
import type { KeyIssuerPorts } from './ports.ts';

const ECHO_MAX = 64;
const SUGGESTIONS_MAX = 3;

/**
 * Refuses the first entry that matches no model of the deployment. A list that denies may name the model behind an
 * inference profile, which it denies through each of them; one that allows may not, since it would allow nothing.
 * `aliases` gives the names in force for the project, and is asked only for a refusal.
 */
export async function refuseUnmatched(
  { mode, models }: ModelPermissions,
  of: Pick<KeyIssuerPorts, 'catalogue'> & { readonly aliases: () => Promise<ModelAliases> },
): Promise<void> {
  const ids = of.catalogue.map(({ id }) => id);
  const namesOf = (id: string): readonly string[] => (mode === 'deny_list' ? [id, modelBehind(id)] : [id]);
  const matches = (pattern: string): boolean =>
    ids.some((id) => namesOf(id).some((name) => patternCovers(pattern, name)));
  const index = models.findIndex((entry) => !matches(entry));
  const entry = models[index];
  if (entry === undefined) return;
  const param = `model_ids[${index}]`;
  throw new GatewayError(
    'invalid_value',
    `Invalid value for '${param}': '${quotable(entry, { charactersMax: ECHO_MAX })}' matches no model of this deployment, so it would ${mode === 'deny_list' ? 'deny' : 'allow'} nothing. ${remedyFor(entry, { ids, aliases: await of.aliases() })}`,
    { param },
  );
}

function remedyFor(
  entry: string,
  { ids, aliases }: { readonly ids: readonly string[]; readonly aliases: ModelAliases },
): string {
  const target = Object.hasOwn(aliases, entry) ? aliases[entry] : undefined;
  if (target !== undefined) {
    const named = ids.includes(target) ? `'${target}'` : 'the model that its inference profile leads to';
    return `Aliases are not named here: name ${named}.`;
  }
  const profiles = ids.filter((id) => modelBehind(id) === entry);
  const close =
    profiles.length > 0 ? profiles : closeIds(entry, { candidates: ids, countMax: SUGGESTIONS_MAX });
  return close.length === 0
    ? 'Name models that GET /v1/models lists, or beginnings of their ids followed by *.'
    : `Close to it: ${close.slice(0, SUGGESTIONS_MAX).join(', ')}.`;
}
