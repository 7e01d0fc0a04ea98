/** How much a model is to think, in its family's own words. */
import type { ModelCommand, Reasoning, ReasoningEffort } from '../../../shared/domain/conversation.ts';
import { GatewayError } from '../../../shared/domain/gateway-error.ts';
import type { Model, ReasoningAbility } from '../../../shared/domain/model.ts';
import { refuseOfModel } from './adapted.ts';

export interface ReasoningPlan {
  /** The model's own fields. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** `outputConfig.effort`. */
  readonly effort?: string;
  /** Whether it was told to think. */
  readonly thinks: boolean;
  /** Whether temperature and its like must stay away. */
  readonly sampling: 'taken' | 'not-taken';
  /** What is sent as the most that the answer may have; absent: nothing is. */
  readonly maxTokens?: number;
  /** The most that the answer can have, sent or not. */
  readonly outputTokensMax: number;
  readonly ignored: readonly string[];
}

interface Asked {
  readonly command: ModelCommand;
  readonly reasoning: Reasoning;
  readonly model: Model;
  /** What was asked for, else the tenant's default. */
  readonly outputTokensMax: number;
  /** Nothing of it. */
  readonly quiet: ReasoningPlan;
}

/** The least that Claude takes for thinking, and that is left for an answer beside it. */
const BUDGET_TOKENS_MIN = 1_024;
const ANSWER_TOKENS_MIN = 1_024;
/** What OpenAI's words are worth to a model that counts tokens. `high` is what Anthropic recommends to begin with. */
const BUDGETS: Readonly<Record<Exclude<ReasoningEffort, 'none'>, number>> = {
  minimal: BUDGET_TOKENS_MIN,
  low: 2_048,
  medium: 8_192,
  high: 16_384,
  xhigh: 24_576,
  max: 32_768,
};

/** Throws GatewayError where the model cannot be told, or not so. */
export function planReasoning(
  command: ModelCommand,
  of: { readonly model: Model; readonly outputTokensMax: number },
): ReasoningPlan {
  const { model, outputTokensMax } = of;
  const { reasoning } = command;
  const quiet: ReasoningPlan = {
    fields: {},
    thinks: false,
    sampling: 'taken',
    maxTokens: outputTokensMax,
    outputTokensMax,
    ignored: [],
  };
  if (reasoning === undefined) return quiet;
  const asked = { command, reasoning, model, outputTokensMax, quiet };
  const ability = model.takes.reasoning;
  switch (ability.style) {
    case 'none':
      if (!isOff(reasoning)) refuseReasoning(asked);
      return quiet;
    case 'claude-budget':
      return claudeBudget(asked);
    case 'claude-adaptive':
      return claudeAdaptive(asked, ability);
    case 'effort-field':
      return effortField(asked);
    case 'nova':
      return nova(asked);
    case 'deepseek':
      return isOff(reasoning)
        ? quiet
        : { ...quiet, thinks: true, fields: { reasoning_config: threeWords(reasoning) } };
  }
}

const isOff = (reasoning: Reasoning): boolean => reasoning.type === 'effort' && reasoning.effort === 'none';

const ignoring = ({ quiet, command }: Asked): ReasoningPlan => ({
  ...quiet,
  ignored: [command.paramNames.reasoning],
});

const refuseReasoning = ({ command, model }: Asked): never =>
  refuseOfModel(model, {
    param: command.paramNames.reasoning,
    what: "a reasoning effort, or a budget for it, other than 'none'",
  });

/**
 * What Claude cannot have beside thinking. Forcing a tool and going on with what the assistant began are about the
 * answer itself, so they win; and a tool loop without the signed thoughts that led to the call would be refused.
 */
function mustNotThink({ messages, toolUse }: ModelCommand): boolean {
  const choice = toolUse?.choice.type;
  if (choice === 'required' || choice === 'tool') return true;
  const last = messages.at(-1);
  if (last?.role === 'assistant') return true;
  if (last?.content.some(({ type }) => type === 'tool-result') !== true) return false;
  const first = messages.at(-2)?.content[0]?.type;
  return first !== 'reasoning' && first !== 'redacted-reasoning';
}

function claudeBudget(asked: Asked): ReasoningPlan {
  const { command, reasoning, model, outputTokensMax, quiet } = asked;
  if (isOff(reasoning)) return quiet;
  if (mustNotThink(command)) return ignoring(asked);
  const wanted = reasoning.type === 'budget' ? reasoning.tokens : BUDGETS[wordOf(reasoning)];
  // Where the caller set no maximum, what is thought comes on top of the tenant's default.
  const maxTokens =
    command.outputTokensMax === undefined
      ? Math.min(model.outputTokensMax, outputTokensMax + wanted)
      : outputTokensMax;
  if (reasoning.type === 'budget') assertBudget(asked, { wanted, maxTokens });
  const budget = reasoning.type === 'budget' ? wanted : Math.min(wanted, maxTokens - ANSWER_TOKENS_MIN);
  if (budget < BUDGET_TOKENS_MIN) return ignoring(asked);
  return {
    ...quiet,
    fields: { thinking: { type: 'enabled', budget_tokens: budget } },
    thinks: true,
    sampling: 'not-taken',
    maxTokens,
    outputTokensMax: maxTokens,
  };
}

function assertBudget({ command }: Asked, of: { readonly wanted: number; readonly maxTokens: number }): void {
  if (of.wanted >= BUDGET_TOKENS_MIN && of.wanted < of.maxTokens) return;
  throw new GatewayError(
    'invalid_value',
    `Invalid '${command.paramNames.reasoning}': expected a budget of ${BUDGET_TOKENS_MIN} tokens or more, and of less than the ${of.maxTokens} that the answer may have, but got ${of.wanted} instead.`,
    { param: command.paramNames.reasoning },
  );
}

function claudeAdaptive(
  asked: Asked,
  ability: Extract<ReasoningAbility, { style: 'claude-adaptive' }>,
): ReasoningPlan {
  const { command, reasoning, quiet } = asked;
  const silent = ability.off === 'disabled' ? { thinking: { type: 'disabled' } } : {};
  if (isOff(reasoning) && ability.off === 'disabled') return { ...quiet, fields: silent };
  if (isOff(reasoning) || mustNotThink(command)) return { ...ignoring(asked), fields: silent };
  const effort = reasoning.type === 'adaptive' ? undefined : fourWords(reasoning, ability.ceiling);
  return {
    ...quiet,
    fields: { thinking: { type: 'adaptive' } },
    ...(effort !== undefined && { effort }),
    thinks: true,
    sampling: 'not-taken',
  };
}

/** It always thinks: `none` is the least it can do, and is said to have no effect. */
function effortField(asked: Asked): ReasoningPlan {
  const { reasoning, quiet } = asked;
  if (reasoning.type === 'adaptive') return quiet;
  if (isOff(reasoning)) return { ...ignoring(asked), fields: { reasoning_effort: 'low' } };
  return { ...quiet, thinks: true, fields: { reasoning_effort: threeWords(reasoning) } };
}

/**
 * At its highest effort Nova takes no maximum, so what it may answer at most is the model's own; where the caller set
 * a maximum, that is a bound on money and holds, at the effort below.
 */
function nova(asked: Asked): ReasoningPlan {
  const { command, reasoning, model, quiet } = asked;
  if (isOff(reasoning)) return quiet;
  const word = threeWords(reasoning);
  const thinking = (effort: string): ReasoningPlan => ({
    ...quiet,
    thinks: true,
    fields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: effort } },
  });
  if (word !== 'high') return thinking(word);
  if (command.outputTokensMax !== undefined) {
    return { ...thinking('medium'), ignored: [command.paramNames.reasoning] };
  }
  const { maxTokens: _none, ...unbounded } = thinking(word);
  return { ...unbounded, sampling: 'not-taken', outputTokensMax: model.outputTokensMax };
}

/** The effort asked for; a budget is the word that is worth about as much, and `adaptive` the middle. */
function wordOf(reasoning: Reasoning): Exclude<ReasoningEffort, 'none'> {
  if (reasoning.type === 'adaptive') return 'medium';
  if (reasoning.type === 'effort') return reasoning.effort === 'none' ? 'minimal' : reasoning.effort;
  if (reasoning.tokens <= BUDGETS.low) return 'low';
  return reasoning.tokens <= BUDGETS.medium ? 'medium' : 'high';
}

function threeWords(reasoning: Reasoning): 'low' | 'medium' | 'high' {
  const word = wordOf(reasoning);
  if (word === 'minimal' || word === 'low') return 'low';
  return word === 'medium' ? 'medium' : 'high';
}

function fourWords(reasoning: Reasoning, ceiling: 'xhigh' | 'max'): string {
  const word = wordOf(reasoning);
  if (word === 'minimal') return 'low';
  return word === 'max' ? ceiling : word;
}
