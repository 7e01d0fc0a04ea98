/**
 * Tenants' slow settings, in Parameter Store: `/bedrock-proxy/<stage>/tenants/<tenantRef>/settings`, read by
 * `name:version`. A version never changes, so the one that a tenant named last is kept for as long as the process has
 * room for it, and a request of a tenant whose settings are kept asks nobody.
 */
import { GatewayError } from '../domain/gateway-error.ts';
import type { TenantRef } from '../domain/ids.ts';
import type { TenantSettings } from '../domain/tenant-settings.ts';
import type { Clock, Log, TenantSettingsStore } from '../ports.ts';
import {
  AwsRefusal,
  asRecord,
  isRefusal,
  MalformedAnswer,
  sendJson,
  textField,
  withRetries,
} from './json-service.ts';
import type { SignedHttp } from './signed-http.ts';
import { unavailable } from './store-failure.ts';
import { REAL_WAITING, type Waiting } from './waiting.ts';

export interface TenantSettingsOptions {
  /** A transport for service `ssm`. */
  readonly http: SignedHttp;
  readonly stage: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly waiting?: Waiting;
  /** How many tenants' settings are kept, the latest used first; 1,000 where absent. */
  readonly tenantsMax?: number;
}

/** What a tenant named last. */
interface Kept {
  readonly version: number;
  readonly settings: TenantSettings;
  /** When a request last named this version: until then it was in force, whenever it was read. */
  readonly namedAtMs: number;
  /** Until then Parameter Store, which failed to give a later version, is left alone. */
  readonly quietUntilMs: number;
}

const TENANTS_MAX = 1_000;
/** For how long settings serve that are no longer known to be in force, where Parameter Store fails. */
const LAST_GOOD_MS = 5 * 60_000;
const QUIET_MS = 5_000;

/** Its state is what is kept, and the reads under way. Every failure is `service_unavailable`. */
export function createTenantSettings(options: TenantSettingsOptions): TenantSettingsStore {
  const { clock, tenantsMax = TENANTS_MAX } = options;
  const kept = new Map<TenantRef, Kept>();
  const reading = new Map<string, Promise<TenantSettings>>();

  /** Moves the tenant behind all others; the first to go is the one that was named longest ago. */
  const keep = (tenant: TenantRef, of: Kept): void => {
    kept.delete(tenant);
    kept.set(tenant, of);
    const [oldest] = kept.keys();
    if (kept.size > tenantsMax && oldest !== undefined) kept.delete(oldest);
  };

  const fetchOnce = (tenant: TenantRef, version: number): Promise<TenantSettings> => {
    const key = `${tenant}:${version}`;
    const running =
      reading.get(key) ?? readVersion(options, { tenant, version }).finally(() => reading.delete(key));
    reading.set(key, running);
    return running;
  };

  const lastGood = (tenant: TenantRef): Kept | undefined => {
    const last = kept.get(tenant);
    return last !== undefined && clock() - last.namedAtMs <= LAST_GOOD_MS ? last : undefined;
  };

  return {
    put: (tenant, settings) => putVersion(options, { tenant, settings }),
    async read(tenant, version) {
      const last = kept.get(tenant);
      if (last?.version === version) {
        keep(tenant, { ...last, namedAtMs: clock() });
        return last.settings;
      }
      const good = lastGood(tenant);
      if (good !== undefined && clock() < good.quietUntilMs) return good.settings;
      try {
        const settings = await fetchOnce(tenant, version);
        keep(tenant, { version, settings, namedAtMs: clock(), quietUntilMs: 0 });
        return settings;
      } catch (error) {
        const instead = error instanceof BrokenSettings ? undefined : lastGood(tenant);
        if (instead === undefined) throw unavailable('settings of the project', error);
        keep(tenant, { ...instead, quietUntilMs: clock() + QUIET_MS });
        options.log.write({ level: 'warn', event: 'tenant_settings.last_good_served', tenant, version });
        return instead.settings;
      }
    },
  };
}

/** What is kept under this version are no settings. The value is never quoted. */
class BrokenSettings extends Error {
  override readonly name = 'BrokenSettings';
}

const parameterOf = (stage: string, tenant: TenantRef): string =>
  `/bedrock-proxy/${stage}/tenants/${tenant}/settings`;

async function readVersion(
  options: TenantSettingsOptions,
  of: { readonly tenant: TenantRef; readonly version: number },
): Promise<TenantSettings> {
  const { http, waiting = REAL_WAITING } = options;
  const Name = `${parameterOf(options.stage, of.tenant)}:${of.version}`;
  const answer = await withRetries(waiting, () => getParameter(http, Name));
  const settings = parseSettings(textField(asRecord(answer['Parameter']) ?? {}, 'Value'));
  if (settings !== undefined) return settings;
  options.log.write({ level: 'error', event: 'tenant_settings.broken', ...of });
  throw new BrokenSettings(`Version ${of.version} holds no settings.`);
}

/** A version that was written a moment ago may not be everywhere yet, so one that is not there is looked for again. */
async function getParameter(http: SignedHttp, Name: string): Promise<Readonly<Record<string, unknown>>> {
  const operation = 'GetParameter';
  try {
    return await sendJson({ http, targetPrefix: 'AmazonSSM' }, { operation, input: { Name } });
  } catch (error) {
    const code = 'ParameterVersionNotFound';
    throw isRefusal(error, code) ? new AwsRefusal({ operation, code, retryable: true }) : error;
  }
}

/** Undefined for anything that is not settings. What a later release may keep beside them is left alone. */
function parseSettings(text: string): TenantSettings | undefined {
  const aliases = asRecord(asRecord(jsonOf(text))?.['modelAliases']);
  if (aliases === undefined) return undefined;
  const entries = Object.entries(aliases).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return entries.length === Object.keys(aliases).length
    ? { modelAliases: Object.fromEntries(entries) }
    : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A repeated write makes a version more, which nobody names. */
async function putVersion(
  options: TenantSettingsOptions,
  of: { readonly tenant: TenantRef; readonly settings: TenantSettings },
): Promise<number> {
  const { http, waiting = REAL_WAITING } = options;
  const input = {
    Name: parameterOf(options.stage, of.tenant),
    Value: JSON.stringify(of.settings),
    Type: 'String',
    Overwrite: true,
  };
  try {
    const { Version } = await withRetries(waiting, () =>
      sendJson({ http, targetPrefix: 'AmazonSSM' }, { operation: 'PutParameter', input }),
    );
    if (typeof Version === 'number' && Number.isSafeInteger(Version) && Version > 0) return Version;
    throw new MalformedAnswer('The answer has no Version.');
  } catch (error) {
    throw error instanceof GatewayError ? error : unavailable('settings of the project', error);
  }
}
