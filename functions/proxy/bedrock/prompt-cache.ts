/** Cache points as a model takes them. They only save money, so those that it does not take are left out and named. */
import {
  type CacheLifetime,
  type CachePoint,
  type Message,
  type ModelCommand,
  pointsOf,
  type Tool,
} from '../../../shared/domain/conversation.ts';
import type { Model } from '../../../shared/domain/model.ts';
import { type CacheWrites, pricesFor } from '../../../shared/domain/price.ts';
import type { Adapted } from './adapted.ts';

export interface CachePlan extends Adapted {
  /** The longest that the request, as it is sent, asks the cache to keep anything. */
  readonly cacheWrites: CacheWrites;
}

/** What becomes of one point: gone, or with this lifetime. */
type Fate = 'dropped' | { readonly ttl: CacheLifetime | undefined };

/**
 * The last points that the model has room for, in the order in which it reads: tools, system, messages. Where more are
 * asked for, the later ones keep the most, and what an earlier request kept is still found. What has no price at the
 * tier is not asked of the cache.
 */
export function planPromptCache(command: ModelCommand, model: Model): CachePlan {
  const { toolUse, ...rest } = command;
  const toolPoints = (toolUse?.tools ?? []).flatMap(({ cachePoint }) => cachePoint ?? []);
  const points = [...toolPoints, ...pointsOf(rest)];
  if (points.length === 0) return { command, ignored: [], cacheWrites: 'none' };
  const fates = fatesOf(points, { command, model, toolPoints: toolPoints.length });
  const changed = fates.some((fate, index) => fate === 'dropped' || fate.ttl !== points[index]?.ttl);
  return {
    command: withFates(command, fates),
    ignored: changed ? [command.paramNames.cachePoints] : [],
    cacheWrites: longest(fates),
  };
}

function longest(fates: readonly Fate[]): CacheWrites {
  const kept = fates.filter((fate) => fate !== 'dropped');
  if (kept.length === 0) return 'none';
  return kept.some(({ ttl }) => ttl === '1h') ? '1h' : '5m';
}

function fatesOf(
  points: readonly CachePoint[],
  of: { readonly command: ModelCommand; readonly model: Model; readonly toolPoints: number },
): readonly Fate[] {
  const ability = of.model.takes.promptCache;
  const lifetime = lifetimePriced(of);
  if (ability === undefined || lifetime === 'none') return points.map(() => 'dropped');
  const first = Math.max(ability.amongTools ? 0 : of.toolPoints, points.length - ability.pointsMax);
  // A point may not be kept for longer than one before it (Anthropic's documentation, "Mixing different TTLs").
  let takesHour = ability.hour && lifetime === '1h';
  return points.map(({ ttl }, index): Fate => {
    if (index < first) return 'dropped';
    takesHour &&= ttl === '1h';
    return { ttl: ttl === '1h' && !takesHour ? undefined : ttl };
  });
}

/** The longest lifetime that has a price. */
function lifetimePriced(of: { readonly command: ModelCommand; readonly model: Model }): CacheWrites {
  const { price } = of.model;
  const isPriced = (cacheWrites: CacheWrites): boolean =>
    price !== undefined && pricesFor(price, { tier: of.command.serviceTier, cacheWrites }) !== undefined;
  if (isPriced('1h')) return '1h';
  return isPriced('5m') ? '5m' : 'none';
}

/** Goes through the command in the order of the fates. */
function withFates(command: ModelCommand, fates: readonly Fate[]): ModelCommand {
  let next = 0;
  const fated = (): readonly CachePoint[] => {
    const fate = fates[next] ?? 'dropped';
    next += 1;
    if (fate === 'dropped') return [];
    return [{ type: 'cache-point', ...(fate.ttl !== undefined && { ttl: fate.ttl }) }];
  };
  const inBlock = <Block extends { readonly type: string }>(
    block: Block | CachePoint,
  ): readonly (Block | CachePoint)[] => (block.type === 'cache-point' ? fated() : [block]);
  const inTool = ({ cachePoint, ...tool }: Tool): Tool => {
    const [point] = cachePoint === undefined ? [] : fated();
    return { ...tool, ...(point !== undefined && { cachePoint: point }) };
  };
  const { toolUse } = command;
  const tools = toolUse?.tools.map(inTool) ?? [];
  const system = command.system.flatMap((block) => inBlock(block));
  const messages = command.messages.map(
    (message): Message =>
      message.role === 'user'
        ? { role: 'user', content: message.content.flatMap((block) => inBlock(block)) }
        : { role: 'assistant', content: message.content.flatMap((block) => inBlock(block)) },
  );
  return { ...command, system, messages, ...(toolUse !== undefined && { toolUse: { ...toolUse, tools } }) };
}
