/** The limits that a project, a service account and a model may each have: what bodies say of them. */
import * as z from 'zod/mini';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import type { LimitName, LimitSet } from '../../shared/domain/limits.ts';
import { nanoUsdOf } from '../../shared/domain/money.ts';
import { isMoney, WIRE_LIMIT_NAMES, WIRE_LIMITS, type WireLimitName } from '../../shared/http/limit-names.ts';
import { chosen, integerField, usdField } from './field-schemas.ts';

/** The largest limit on requests, and on tokens a minute, that can be set. */
export const LIMIT_MAX = 1_000_000_000;
/** The same on tokens of a day and of a month. */
const LONG_TOKENS_MAX = 1_000_000_000_000;

const countField = z.nullish(integerField(1, LIMIT_MAX));
const longTokensField = z.nullish(integerField(1, LONG_TOKENS_MAX));
const amountField = z.nullish(usdField);

/** Null removes a limit; `shadow` names those that refuse nothing. */
export const limitSetBody = z.strictObject({
  requests_per_minute: countField,
  requests_per_day: countField,
  tokens_per_minute: countField,
  tokens_per_day: longTokensField,
  tokens_per_month: longTokensField,
  usd_per_day: amountField,
  usd_per_month: amountField,
  shadow: z.nullish(z.array(z.enum(WIRE_LIMIT_NAMES))),
});
export type LimitSetBody = z.infer<typeof limitSetBody>;

/** A limit set that a body asks for, over the one that holds where it says nothing. `path` is where it says it. */
export function limitSetOf(
  body: LimitSetBody,
  of: { readonly absent?: LimitSet | undefined; readonly path: string },
): LimitSet {
  const limits: Partial<Record<LimitName, number>> = {};
  for (const wireName of WIRE_LIMIT_NAMES) {
    const name = WIRE_LIMITS[wireName];
    const given = body[wireName];
    const value = typeof given === 'number' && isMoney(name) ? nanoUsdOf(given) : given;
    const limit = chosen(value, { absent: of.absent?.[name], cleared: undefined });
    if (limit !== undefined) limits[name] = limit;
  }
  const given = chosen(body.shadow, { absent: undefined, cleared: [] });
  const named = given?.map(inForce(limits, of.path)) ?? of.absent?.shadow ?? [];
  // A limit that was removed is in shadow no more.
  const shadow = [...new Set(named)].filter((name) => limits[name] !== undefined);
  return shadow.length === 0 ? limits : { ...limits, shadow };
}

/** The same limits with these out of shadow. */
export function enforcing<Limits extends LimitSet>(limits: Limits, names: readonly LimitName[]) {
  const { shadow: had = [], ...rest } = limits;
  const shadow = had.filter((name) => !names.includes(name));
  return { ...rest, ...(shadow.length > 0 && { shadow }) };
}

/** The limit that a name in `shadow` means. One that is not set would be believed to be watched. */
const inForce =
  (limits: LimitSet, path: string) =>
  (wireName: WireLimitName, index: number): LimitName => {
    const name = WIRE_LIMITS[wireName];
    if (limits[name] !== undefined) return name;
    const param = `${path}.shadow[${index}]`;
    throw new GatewayError(
      'invalid_value',
      `Invalid value for '${param}': there is no limit ${wireName} to be in shadow. Set '${path}.${wireName}' too, or leave the name out.`,
      { param },
    );
  };
