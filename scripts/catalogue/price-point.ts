/** The one shape that every source of prices is read into: one price of one class of tokens. */
import type { ModelMode } from '../../shared/domain/model.ts';
import type { PicoUsd } from '../../shared/domain/money.ts';
import type { PriceClass, ServiceTier } from '../../shared/domain/price.ts';

/** Where a price comes from, and the day it was read there (`2026-08-01`). */
export interface PriceSource {
  readonly name: string;
  readonly asOf: string;
  /** `operator` prices stand; among the others the dearest does. */
  readonly rank: 'operator' | 'published';
}

/** In the order of a row's cells. */
export const PRICE_CLASSES = [
  'input',
  'output',
  'cacheRead',
  'cacheWrite5m',
  'cacheWrite1h',
  'image',
] as const satisfies readonly PriceClass[];

/** The classes that a model can bill. Those of input and output that are not among them are free by nature: zero. */
export const BILLED_CLASSES: Readonly<Record<ModelMode, readonly PriceClass[]>> = {
  chat: ['input', 'output', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h'],
  embedding: ['input'],
  image: ['image'],
};

/** What a price is for, beside the class. */
export interface PriceScope {
  readonly model: string;
  /** Empty where the price holds in every region. */
  readonly region: string;
  readonly tier: ServiceTier;
  /** 0 where the price does not depend on the length of the context. */
  readonly aboveTokens: number;
}

export interface PricePoint extends PriceScope {
  readonly name: PriceClass;
  readonly pico: PicoUsd;
  readonly source: PriceSource;
}

/** The prices of one scope, each with its source. */
export interface ScopePrices extends PriceScope {
  readonly points: Readonly<Partial<Record<PriceClass, PricePoint>>>;
}

const scopeKey = ({ model, region, tier, aboveTokens }: PriceScope): string =>
  [model, region, tier, aboveTokens].join(' ');

/**
 * One price a scope and class. Where published sources disagree the dearest stands, so that the ledger is never below
 * the bill; where they agree the newest is named. A source whose input is cheaper than that is not believed about the
 * cache either: its class then has no price. An operator's price stands above all of them.
 */
export function mergePoints(points: readonly PricePoint[]): readonly ScopePrices[] {
  return [...Map.groupBy(points, scopeKey).values()].map((ofScope) => {
    const [{ model, region, tier, aboveTokens }] = ofScope as [PricePoint, ...PricePoint[]];
    const published = ofScope.filter(({ source }) => source.rank === 'published');
    const input = dearest(published.filter(({ name }) => name === 'input'));
    const credible = published.filter((point) => inputOf(point.source, published) === input?.pico);
    const chosen = PRICE_CLASSES.map((name) => {
      const known = name === 'output' ? published : credible;
      return overrideOf(ofScope, name) ?? dearest(known.filter((point) => point.name === name));
    });
    const named = chosen.filter((point) => point !== undefined).map((point) => [point.name, point]);
    return { model, region, tier, aboveTokens, points: Object.fromEntries(named) };
  });
}

const inputOf = (source: PriceSource, points: readonly PricePoint[]): PicoUsd | undefined =>
  points.find((point) => point.source === source && point.name === 'input')?.pico;

function overrideOf(points: readonly PricePoint[], name: PriceClass): PricePoint | undefined {
  const own = points.filter((point) => point.source.rank === 'operator' && point.name === name);
  if (own.length > 1)
    throw new Error(`Two overrides of one price: ${scopeKey(own[0] as PricePoint)} ${name}`);
  return own[0];
}

const dearest = (points: readonly PricePoint[]): PricePoint | undefined =>
  points.toSorted((a, b) => (isBetter(a, b) ? -1 : 1))[0];

const isBetter = (point: PricePoint, than: PricePoint): boolean =>
  point.pico === than.pico ? point.source.asOf > than.source.asOf : point.pico > than.pico;

/** The prices on which published sources disagree, as lines for a person: the dearest first. */
export function disagreements(points: readonly PricePoint[]): readonly string[] {
  const published = points.filter(({ source }) => source.rank === 'published');
  return [...Map.groupBy(published, (point) => `${scopeKey(point)} ${point.name}`)]
    .filter(([, same]) => new Set(same.map(({ pico }) => pico)).size > 1)
    .map(([key, same]) => {
      const dearestFirst = same.toSorted((a, b) => b.pico - a.pico);
      return `${key}: ${dearestFirst.map(({ pico, source }) => `${pico / 1_000_000} (${source.name})`).join(', ')}`;
    });
}
