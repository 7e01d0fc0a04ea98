/** Options of limits, and the bodies that they become. */
import { type Command, Option } from 'commander';
import type { JsonObject } from './json.ts';
import { defined, NONE, parseCount, parseList, parseUsd } from './options.ts';

type OrNone<Value> = Value | typeof NONE;
const orNone =
  <Value>(parse: (text: string) => Value) =>
  (text: string): OrNone<Value> =>
    text === NONE ? NONE : parse(text);

export interface LimitOptions {
  readonly requestsPerMinute?: OrNone<number>;
  readonly requestsPerDay?: OrNone<number>;
  readonly tokensPerMinute?: OrNone<number>;
  readonly tokensPerDay?: OrNone<number>;
  readonly tokensPerMonth?: OrNone<number>;
  readonly usdPerDay?: OrNone<number>;
  readonly usdPerMonth?: OrNone<number>;
  readonly shadow?: OrNone<readonly string[]>;
}

/** Limits that tenants, workloads and models have. */
export const addLimitOptions = (command: Command): Command =>
  command
    .option('--requests-per-minute <count>', `requests in a UTC minute, or ${NONE}`, orNone(parseCount))
    .option('--requests-per-day <count>', `requests in a UTC day, or ${NONE}`, orNone(parseCount))
    .option('--tokens-per-minute <count>', `tokens in a UTC minute, or ${NONE}`, orNone(parseCount))
    .option('--tokens-per-day <count>', `tokens in a UTC day, or ${NONE}`, orNone(parseCount))
    .option('--tokens-per-month <count>', `tokens in a UTC month, or ${NONE}`, orNone(parseCount))
    .option('--usd-per-day <amount>', `US dollars in a UTC day, or ${NONE}`, orNone(parseUsd))
    .option('--usd-per-month <amount>', `US dollars in a UTC month, or ${NONE}`, orNone(parseUsd))
    .option(
      '--shadow <list>',
      `those of the limits that are only watched and refuse nothing, such as requests-per-minute,usd-per-day; or ${NONE}`,
      orNone(parseLimitNames),
    );

/** Names as those of the options, or as the API spells them. */
const parseLimitNames = (text: string): readonly string[] =>
  parseList(text).map((name) => name.replaceAll('-', '_'));

export interface TenantLimitOptions extends LimitOptions {
  readonly inflight?: OrNone<number>;
  readonly defaultMaxTokens?: OrNone<number>;
  readonly smoothing?: string;
  readonly tokenCounting?: string;
  readonly estimation?: string;
}

/** Those that only tenants have, too. */
export const addTenantLimitOptions = (command: Command): Command =>
  addLimitOptions(command)
    .option(
      '--inflight <count>',
      `requests of a tenant at the same time, or ${NONE} for the default`,
      orNone(parseCount),
    )
    .option(
      '--default-max-tokens <count>',
      'output tokens of a request that names no maximum',
      orNone(parseCount),
    )
    .addOption(
      new Option(
        '--smoothing <length>',
        `spread limits a minute: at most a sixth in any ten seconds, or ${NONE}`,
      ).choices(['10s', NONE]),
    )
    .addOption(
      new Option(
        '--token-counting <way>',
        "how limits on tokens a minute count: as Bedrock's quotas do, or every token once",
      ).choices(['bedrock', TOTAL]),
    )
    .addOption(
      new Option(
        '--estimation <way>',
        'what is reserved for a request: the most that it can use, or what it probably will',
      ).choices(['strict', 'balanced']),
    );

/** On the wire, counting every token once is to have chosen nothing. */
const TOTAL = 'total';

/** The options that only tenants have, as they are typed, of those that were given. */
export const tenantOnly = (options: TenantLimitOptions): readonly string[] =>
  Object.entries({
    '--inflight': options.inflight,
    '--default-max-tokens': options.defaultMaxTokens,
    '--smoothing': options.smoothing,
    '--token-counting': options.tokenCounting,
    '--estimation': options.estimation,
  })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name);

/** The wire's limits; null removes one, an absent one stays. Empty where nothing was given. */
export const limitsBody = (options: TenantLimitOptions): JsonObject =>
  defined({
    requests_per_minute: wire(options.requestsPerMinute),
    requests_per_day: wire(options.requestsPerDay),
    tokens_per_minute: wire(options.tokensPerMinute),
    tokens_per_day: wire(options.tokensPerDay),
    tokens_per_month: wire(options.tokensPerMonth),
    usd_per_day: wire(options.usdPerDay),
    usd_per_month: wire(options.usdPerMonth),
    shadow: wire(options.shadow),
    inflight_requests: wire(options.inflight),
    default_max_completion_tokens: wire(options.defaultMaxTokens),
    smoothing: wire(options.smoothing),
    token_counting: options.tokenCounting === TOTAL ? null : options.tokenCounting,
    estimation: options.estimation,
  });

const wire = <Value>(value: Value): Value | null => (value === NONE ? null : value);
