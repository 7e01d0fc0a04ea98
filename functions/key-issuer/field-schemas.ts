/** The fields that bodies of the administration plane share, by schema. */
import * as z from 'zod/mini';
import { GatewayError } from '../../shared/domain/gateway-error.ts';
import { DEFAULT_ROTATION, type KeyDelivery, type RotationPolicy } from '../../shared/domain/key-delivery.ts';
import { LIFETIME_MAX_MS } from '../../shared/domain/key-lifecycle.ts';
import { NANO_USD_MAX, nanoUsdOf } from '../../shared/domain/money.ts';
import { parsePublicJwk } from '../../shared/keys/seal.ts';

/** As decimals: what JavaScript writes of a nano-dollar is `1e-9`. */
const USD_LEAST = '0.000000001';
const USD_MOST = String(NANO_USD_MAX / 1e9);

export const LIFETIME_SECONDS_MAX = LIFETIME_MAX_MS / 1000;

/** Printable text: no control, format (zero-width, bidirectional) or unassigned characters, no blanks around it. */
export const printableField = (charactersMax: number) =>
  z.string().check(
    z.trim(),
    z.minLength(1, 'it must not be empty.'),
    z.maxLength(charactersMax, `it must not be longer than ${charactersMax} characters.`),
    z.refine((text) => text.isWellFormed() && !/\p{C}/u.test(text), 'it must be printable text.'),
  );

export const nameField = printableField(64);

export const integerField = (min: number, max: number) => {
  const words = rangeWords({ least: String(min), most: String(max) });
  return z.int({ error: words.endless }).check(z.gte(min, words.least), z.lte(max, words.most));
};

/** An amount that is kept as it is written: a whole number of nano-USD. */
export const usdField = z.number({ error: rangeWords({ least: USD_LEAST, most: USD_MOST }).endless }).check(
  z.gt(0, `it must be at least ${USD_LEAST}.`),
  z.lte(NANO_USD_MAX / 1e9, `it must be at most ${USD_MOST}.`),
  z.refine(
    (usd) => nanoUsdOf(usd) !== undefined,
    `it must have at most nine decimals, and be at least ${USD_LEAST}.`,
  ),
);

/** One of these words, or null, which the refusal names too. */
export const choiceField = <const Choices extends readonly string[]>(choices: Choices) =>
  z.nullish(z.enum(choices, `it must be ${choices.map((choice) => `'${choice}'`).join(', ')} or null.`));

/** What bounds say. JSON's `1e999` is no finite number, which a type refuses before its bounds are asked. */
function rangeWords({ least, most }: { readonly least: string; readonly most: string }) {
  const words = { least: `it must be at least ${least}.`, most: `it must be at most ${most}.` };
  const endless = ({ input }: { readonly input: unknown }): string | undefined => {
    if (input === Number.POSITIVE_INFINITY) return words.most;
    return input === Number.NEGATIVE_INFINITY ? words.least : undefined;
  };
  return { ...words, endless };
}

const modelPattern = z
  .string()
  .check(z.regex(/^[a-zA-Z0-9.:_/-]{1,64}\*?$/, 'name a model, or the beginning of names with *.'));

/** Model ids, or beginnings of ids followed by `*`. */
export const modelsField = (max: number) =>
  z
    .array(modelPattern)
    .check(z.minLength(1, 'name at least one model.'), z.maxLength(max, `name at most ${max} models.`));

/** A field of OpenAI's that has no meaning here: null says nothing, and a value is refused by name. */
export const unsupportedField = z.nullish(z.unknown());

/** Refuses the first of these fields that has a value, saying why. */
export function refuseUnsupported(body: object, reasons: Readonly<Record<string, string>>): void {
  for (const [param, reason] of Object.entries(reasons)) {
    const value: unknown = Reflect.get(body, param);
    if (value === undefined || value === null) continue;
    throw new GatewayError('unsupported_parameter', `'${param}' is not supported: ${reason}`, { param });
  }
}

export const expiresInSecondsField = z.nullish(integerField(1, LIFETIME_SECONDS_MAX));

const jwkField = z.record(z.string(), z.unknown());

/** How a new key reaches its workload; `response` shows it in the answer. */
export const deliveryField = z.nullish(
  z.discriminatedUnion('method', [
    z.strictObject({ method: z.literal('response') }),
    z.strictObject({ method: z.literal('jwe'), jwk: jwkField }),
    z.strictObject({ method: z.literal('secrets_manager') }),
    z.strictObject({ method: z.literal('claim') }),
  ]),
);
type DeliveryBody = z.infer<typeof deliveryField>;

export async function deliveryOf(body: DeliveryBody): Promise<KeyDelivery | undefined> {
  if (body === null || body === undefined) return undefined;
  return body.method === 'jwe'
    ? { method: 'jwe', jwk: await parsePublicJwk(body.jwk, 'delivery.jwk') }
    : body;
}

/** How long a key may work beside its successor. */
const OVERLAP_SECONDS_MIN = 86_400;
export const OVERLAP_SECONDS_MAX = 30 * 86_400;

/** How a key is renewed: whether by itself, and how its successor reaches the workload. */
export const rotationField = z.nullish(
  z.strictObject({
    automatic: z.nullish(z.boolean()),
    overlap_seconds: z.nullish(integerField(OVERLAP_SECONDS_MIN, OVERLAP_SECONDS_MAX)),
    delivery: z.nullish(
      z.discriminatedUnion('method', [
        z.strictObject({ method: z.literal('jwe'), jwk: jwkField }),
        z.strictObject({ method: z.literal('secrets_manager') }),
        z.strictObject({ method: z.literal('claim') }),
      ]),
    ),
  }),
);
type RotationBody = z.infer<typeof rotationField>;

export async function rotationOf(
  body: RotationBody,
  absent: RotationPolicy = DEFAULT_ROTATION,
): Promise<RotationPolicy> {
  const { automatic, delivery, overlap_seconds: overlap } = body ?? {};
  const parsed =
    delivery?.method === 'jwe'
      ? ({ method: 'jwe', jwk: await parsePublicJwk(delivery.jwk, 'rotation.delivery.jwk') } as const)
      : delivery;
  return {
    automatic: automatic ?? absent.automatic,
    delivery: parsed ?? absent.delivery,
    overlapMs: typeof overlap === 'number' ? overlap * 1000 : absent.overlapMs,
  };
}

/** An overlap that is asked for must leave a key half of its life alone, or it would be renewed for ever. */
export function refuseLongOverlap(
  body: RotationBody,
  of: { readonly lifetimeMs: number; readonly rotation: RotationPolicy },
): void {
  const asked = body?.overlap_seconds;
  if (asked === null || asked === undefined || 2 * of.rotation.overlapMs <= of.lifetimeMs) return;
  throw new GatewayError(
    'invalid_value',
    `Invalid value for 'rotation.overlap_seconds': it must be at most half of the key's life, ${of.lifetimeMs / 2000}.`,
    { param: 'rotation.overlap_seconds' },
  );
}

/** What a field chooses: absent keeps what was, null takes what is there without a choice. */
export function chosen<Value>(
  value: Value | null | undefined,
  of: { readonly absent: Value; readonly cleared: Value },
): Value {
  if (value === undefined) return of.absent;
  return value === null ? of.cleared : value;
}

/** The one refusal of a grant, limit or life that its grantor does not have itself. */
export function refuseWider(param: string, grantor: string): never {
  throw new GatewayError(
    'invalid_value',
    `Invalid value for '${param}': it goes beyond what ${grantor} has. Ask for less.`,
    { param },
  );
}
