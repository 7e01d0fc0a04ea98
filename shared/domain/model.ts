/** The catalogue: what each model is called on Bedrock, what it costs and what it takes. Data, never substring tests. */
import type { NanoUsd, PicoUsd } from './money.ts';
import type { TokenUsage } from './usage.ts';

/** Prices in pico-USD a token. An absent class is one the model does not offer. */
export interface ModelPrice {
  readonly input: PicoUsd;
  readonly output: PicoUsd;
  readonly cacheRead?: PicoUsd;
  readonly cacheWrite?: PicoUsd;
}

export interface Model {
  /** The id callers use and Bedrock takes: a foundation model or a system inference profile. */
  readonly id: string;
  /** The provider's own name, lower case: `anthropic`, `amazon`, `meta`. */
  readonly provider: string;
  readonly mode: 'chat';
  readonly inputTokensMax: number;
  readonly outputTokensMax: number;
  /** Absent where no price is known: such a model is refused, never free. */
  readonly price?: ModelPrice;
  /** Unix seconds; what `GET /v1/models` calls `created`. */
  readonly createdAt: number;
  readonly takes: ModelAbilities;
}

/** What a model's own rules allow; a request that asks for more is refused or adapted in translation. */
export interface ModelAbilities {
  readonly systemMessages: boolean;
  /** Whether temperature and top_p are accepted at all. */
  readonly sampling: boolean;
  /** Whether temperature and top_p may be sent together. */
  readonly temperatureWithTopP: boolean;
  readonly stopSequences: boolean;
  /** Whether the last message may be the assistant's, to be continued. */
  readonly assistantPrefill: boolean;
}

/** What tokens cost, rounded up to a whole nano-USD. */
export function costOf(price: ModelPrice, usage: TokenUsage): NanoUsd {
  const pico =
    usage.input * price.input +
    usage.output * price.output +
    usage.cacheRead * (price.cacheRead ?? price.input) +
    usage.cacheWrite * (price.cacheWrite ?? price.input);
  return Math.ceil(pico / 1000);
}
