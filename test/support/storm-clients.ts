/** Many callers at once, each of whom comes back until it is served or the budget refuses it for good. */
import { setTimeout } from 'node:timers/promises';
import { runs, seed } from './runs.ts';
import { mulberry32 } from './storm-random.ts';

/** How a caller's last try ended. */
export type Ending = 'served' | 'over-budget' | 'held-back' | 'given-up' | 'other';

export interface Tally {
  readonly requests: number;
  readonly endings: Readonly<Record<Ending, number>>;
  /** Tries by what they met with: a status with its code, or `broken` where no whole answer came. */
  readonly answers: Readonly<Record<string, number>>;
}

export interface CallerOptions {
  /** Where to ask next: a gateway may be gone. */
  readonly baseUrl: () => string;
  readonly key: string;
  readonly body: object;
  readonly triesMax: number;
  /** How often it comes back to a budget of which the rest is reserved: what the dead hold is long in coming back. */
  readonly reservedTriesMax: number;
  /** Told of each answer, and of the beginning of each stream. */
  readonly onAnswer: (told: string) => void;
}

/** The longest that a caller waits before it comes back; the 200 of `npm test` do not wait as long as they are told to. */
const PATIENCE_MS = runs(300, 10_000);
/** What is counted where a budget is not spent, but reserved. */
export const RESERVED = '429 reserved';
/** What a caller waits who was told nothing. */
const UNTOLD_MS = 1_000;

/** Runs all callers at once. */
export async function storm(callers: readonly CallerOptions[]): Promise<Tally> {
  const random = mulberry32(seed());
  const answers: Record<string, number> = {};
  const endings = { served: 0, 'over-budget': 0, 'held-back': 0, 'given-up': 0, other: 0 };
  const count = (told: string) => {
    answers[told] = (answers[told] ?? 0) + 1;
  };
  await Promise.all(
    callers.map(async (caller) => {
      const tell = (told: string) => {
        count(told);
        caller.onAnswer(told);
      };
      const ending = await call(caller, { tell, random });
      endings[ending] += 1;
    }),
  );
  const requests = Object.values(answers).reduce((sum, tries) => sum + tries, 0);
  return { requests, endings, answers };
}

async function call(
  caller: CallerOptions,
  { tell, random }: { readonly tell: (told: string) => void; readonly random: () => number },
): Promise<Ending> {
  let reserved = 0;
  for (let tries = 1; tries <= caller.triesMax; tries += 1) {
    const { told, waitMs, ending } = await ask(caller);
    tell(told);
    if (ending !== undefined) return ending;
    if (told === RESERVED) reserved += 1;
    if (reserved > caller.reservedTriesMax) return 'held-back';
    // Longer each time and never together, as the official clients do: or a thousand keep a gateway busy with refusals.
    await setTimeout(Math.min(waitMs * 2 ** (tries - 1), PATIENCE_MS) * (0.5 + random() / 2));
  }
  return 'given-up';
}

interface Tried {
  readonly told: string;
  readonly waitMs: number;
  /** Undefined: the caller may come back. */
  readonly ending?: Ending;
}

async function ask({ baseUrl, key, body }: CallerOptions): Promise<Tried> {
  try {
    const response = await fetch(`${baseUrl()}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text().catch(() => '');
    if (response.ok) {
      const isWhole = text.startsWith('{') || text.endsWith('data: [DONE]\n\n');
      return isWhole ? { told: '200', waitMs: 0, ending: 'served' } : { told: 'cut', waitMs: 0 };
    }
    const { error } = JSON.parse(text);
    const isReserved = /^The rest of the budget /.test(error.message);
    const told = isReserved ? RESERVED : `${response.status} ${error.code}`;
    if (error.code === 'insufficient_quota') return { told, waitMs: 0, ending: 'over-budget' };
    const isWorthIt = response.headers.get('x-should-retry') === 'true';
    const waitMs = Number(response.headers.get('retry-after-ms') ?? UNTOLD_MS);
    return isWorthIt ? { told, waitMs } : { told, waitMs, ending: 'other' };
  } catch {
    return { told: 'broken', waitMs: UNTOLD_MS };
  }
}
