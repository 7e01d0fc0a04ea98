/** Options that several commands have, and the bodies that they become. */
import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseObject, readText } from './deployment.ts';
import { refuseUsage } from './failure.ts';
import type { JsonObject } from './json.ts';
import { parseDuration, parseTime, secondsUntil, type Time } from './time.ts';
import type { World } from './world.ts';

/** A list separated by commas. */
export function parseList(text: string): readonly string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.every((part) => part !== '')) return parts;
  throw new InvalidArgumentError('Write a list separated by commas.');
}

/** A whole number above 0. */
export function parseCount(text: string): number {
  const count = /^\d{1,13}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw new InvalidArgumentError('Write a whole number above 0.');
}

/** The most that a limit may be, as the API has it. */
const USD_MAX = 1_000_000;

/** An amount of US dollars, kept to the nano-dollar. */
export function parseUsd(text: string): number {
  const usd = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : 0;
  if (usd > 0 && usd <= USD_MAX) return usd;
  throw new InvalidArgumentError(
    `Write an amount of US dollars with at most nine decimals, from 0.000000001 to ${USD_MAX}, such as 250 or 99.50.`,
  );
}

/** What removes something. It stays a word until it is sent: commander takes null for an option without a value. */
export const NONE = 'none';

export interface ListOptions {
  readonly limit: number;
}

/** How many items of a list to show. */
export const addListOptions = (command: Command): Command =>
  command.option('--limit <count>', 'at most so many, over all pages', parseCount, 1000);

export interface CreateOptions {
  readonly idempotencyKey?: string;
}

/** For a call that makes something, after its answer was lost. */
export const addCreateOptions = (command: Command): Command =>
  command.option('--idempotency-key <name>', 'a name of this call, given back when its answer was lost');

export const idempotencyKeyOf = (world: World, options: CreateOptions): string =>
  options.idempotencyKey ?? world.newUuid();

/** The object without what is undefined. */
export const defined = (object: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

/** `{ [name]: body }`, or nothing where the body is empty. */
export const unlessEmpty = (name: string, body: JsonObject): JsonObject =>
  Object.keys(body).length === 0 ? {} : { [name]: body };

/** A change that changes nothing was mistyped. */
export function refuseEmpty(body: JsonObject): JsonObject {
  if (Object.keys(body).length > 0) return body;
  return refuseUsage('Nothing is to be changed: give at least one option. See --help.');
}

export interface DeliveryOptions {
  readonly delivery?: string;
  readonly jwk?: string;
}

/** How a new key reaches its workload. */
export const addDeliveryOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--delivery <method>', 'how the key is handed over (default: in the answer)').choices([
        'response',
        'jwe',
        'secrets_manager',
        'claim',
      ]),
    )
    .option('--jwk <file>', 'the public key, as a JWK, to which --delivery jwe seals it');

export const deliveryBody = (world: World, options: DeliveryOptions): JsonObject =>
  defined({ delivery: methodBody(world, { ...options, option: '--delivery', jwkOption: '--jwk' }) });

export interface RotationOptions {
  readonly rotation?: boolean;
  readonly rotationDelivery?: string;
  readonly rotationJwk?: string;
  readonly rotationOverlap?: number;
}

/** How a key is renewed. */
export const addRotationOptions = (command: Command): Command =>
  command
    .option('--rotation', 'renew it before it ends (the default of a new key)')
    .option('--no-rotation', 'let it end without a successor')
    .addOption(
      new Option('--rotation-delivery <method>', 'how its successors reach the workload').choices([
        'jwe',
        'secrets_manager',
        'claim',
      ]),
    )
    .option('--rotation-jwk <file>', 'the public key to which --rotation-delivery jwe seals them')
    .option(
      '--rotation-overlap <duration>',
      'how long a key works beside its successor, from 1d to 30d',
      parseDuration,
    );

export function rotationBody(world: World, options: RotationOptions): JsonObject {
  const delivery = methodBody(world, {
    option: '--rotation-delivery',
    jwkOption: '--rotation-jwk',
    delivery: options.rotationDelivery,
    jwk: options.rotationJwk,
  });
  const overlap = wholeSeconds(options.rotationOverlap);
  return unlessEmpty(
    'rotation',
    defined({ automatic: options.rotation, delivery, overlap_seconds: overlap }),
  );
}

/** A duration of ms as the API has it; undefined where none was given. */
export const wholeSeconds = (ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : Math.floor(ms / 1000);

function methodBody(
  world: World,
  of: {
    readonly option: string;
    readonly jwkOption: string;
    readonly delivery?: string | undefined;
    readonly jwk?: string | undefined;
  },
): JsonObject | undefined {
  const { option, jwkOption, delivery, jwk } = of;
  if ((delivery === 'jwe') !== (jwk !== undefined)) {
    refuseUsage(`${option} jwe and ${jwkOption} <file> go together.`);
  }
  if (delivery === undefined) return undefined;
  return jwk === undefined ? { method: delivery } : { method: delivery, jwk: readPublicJwk(world, jwk) };
}

/** A private key is refused here, before it leaves the machine. (RFC 7518: `d` is private in EC and RSA keys, `k` is the key of oct.) */
function readPublicJwk(world: World, file: string): JsonObject {
  const jwk = parseObject(readText(path.resolve(world.cwd, file)), file);
  if ('d' in jwk || 'k' in jwk)
    refuseUsage(`${file} holds a private key. Export its public part and name that.`);
  return jwk;
}

export interface ExpiryOptions {
  readonly expiresIn?: Time;
}

export const addExpiryOption = (command: Command): Command =>
  command.option('--expires-in <time>', 'its end, such as 30d, or a date', parseTime);

export const expiryBody = ({ clock }: World, { expiresIn }: ExpiryOptions): JsonObject =>
  expiresIn === undefined
    ? {}
    : { expires_in_seconds: secondsUntil(expiresIn, { option: '--expires-in', nowMs: clock() }) };
