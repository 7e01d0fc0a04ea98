/** Whether a request turns thinking on, and what then must hold of everything else in it. */
import { type FamilyRules, familyRulesOf } from './family-rules.ts';
import type { EmulatedModel } from './models.ts';
import { isOwnReasoning, isOwnRedacted } from './reasoning.ts';
import { refuse } from './service-error.ts';
import type { Block, Turn } from './turns.ts';
import { type Fields, readInteger, readObject, readString } from './wire-value.ts';

/** What the request asks of the model itself, as additionalModelRequestFields or as Anthropic's own body. */
export interface ThinkingRequest {
  readonly fields: Fields;
  readonly maxTokens: number | undefined;
  readonly temperature: number | undefined;
  readonly forcesTool: boolean;
}

const BUDGET_TOKENS_MIN = 1024;
const EFFORTS: Readonly<Record<string, readonly string[]>> = {
  flat: ['low', 'medium', 'high'],
  nova: ['low', 'medium', 'high'],
};

/** Whether the model thinks aloud; ValidationException where it cannot as asked. */
export function readThinking(request: ThinkingRequest, model: EmulatedModel): boolean {
  const rules = familyRulesOf(model);
  switch (rules.thinking) {
    case 'budget':
    case 'adaptive':
      return readClaudeThinking(request, rules);
    case 'flat':
      return readEffort(request.fields['reasoning_effort'], 'reasoning_effort');
    case 'nova':
      return readNovaThinking(request);
    case 'deepseek':
      return readString(request.fields['reasoning_config']) !== undefined;
    default:
      if (readObject(request.fields['thinking']) !== undefined) notPermitted('thinking');
      return false;
  }
}

function readClaudeThinking(request: ThinkingRequest, rules: FamilyRules): boolean {
  const thinking = readObject(request.fields['thinking']);
  const type = readString(thinking?.['type']);
  switch (type) {
    case undefined:
      return false;
    case 'between_tools':
      return false;
    case 'disabled':
      if (!rules.thinkingDisabled) refuseModel('thinking.type: disabled is not supported for this model.');
      return false;
    case 'adaptive':
      if (rules.thinking !== 'adaptive') refuseModel('adaptive thinking is not supported on this model');
      break;
    case 'enabled':
      checkBudget(readInteger(thinking?.['budget_tokens']), request.maxTokens);
      break;
    default:
      refuseModel(
        `thinking: Input tag '${type}' found using 'type' does not match any of the expected tags: 'adaptive', 'disabled', 'enabled'`,
      );
  }
  checkBeside(request);
  return true;
}

function checkBudget(budget: number | undefined, maxTokens: number | undefined): void {
  if (budget === undefined) refuseModel('thinking.enabled.budget_tokens: Field required');
  if (budget < BUDGET_TOKENS_MIN) {
    refuseModel(
      `thinking.enabled.budget_tokens: Input should be greater than or equal to ${BUDGET_TOKENS_MIN}`,
    );
  }
  if (maxTokens !== undefined && maxTokens <= budget) {
    refuseModel(
      '`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation at ' +
        'https://docs.claude.com/en/docs/build-with-claude/extended-thinking#max-tokens-and-context-window-size',
    );
  }
}

function checkBeside({ temperature, forcesTool }: ThinkingRequest): void {
  if (forcesTool) refuseModel('Thinking may not be enabled when tool_choice forces tool use.');
  if (temperature !== undefined && temperature !== 1) {
    refuseModel('`temperature` may only be set to 1 when thinking is enabled.');
  }
}

function readEffort(value: unknown, name: string): boolean {
  const effort = readString(value);
  if (effort !== undefined && EFFORTS['flat']?.includes(effort) === false) {
    refuseModel(`${name}: '${effort}' is not one of ['low', 'medium', 'high']`);
  }
  return effort !== undefined;
}

function readNovaThinking({ fields, maxTokens }: ThinkingRequest): boolean {
  const config = readObject(fields['reasoningConfig']);
  if (readString(config?.['type']) !== 'enabled') return false;
  const effort = readString(config?.['maxReasoningEffort']) ?? 'medium';
  readEffort(effort, 'reasoningConfig.maxReasoningEffort');
  if (effort === 'high' && maxTokens !== undefined) {
    refuse(
      'Malformed input request: maxTokens is not allowed when maxReasoningEffort is high, please reformat your input and try again.',
    );
  }
  return true;
}

/** ValidationException for reasoning that the emulator did not write, where the family wants its own. */
export function checkReasoning(turns: readonly Turn[], model: EmulatedModel): void {
  if (!familyRulesOf(model).signedReasoning) return;
  for (const { role, blocks } of turns) {
    for (const block of blocks) if (role === 'assistant') checkReasoningBlock(block);
  }
}

function checkReasoningBlock(block: Block): void {
  if (block.kind === 'reasoning') {
    if (block.signature === undefined) refuseModel(`${block.place}.thinking.signature: Field required`);
    if (!isOwnReasoning(block.text, block.signature)) {
      refuseModel(`${block.place}: Invalid \`signature\` in \`thinking\` block`);
    }
  }
  if (block.kind === 'redacted' && !isOwnRedacted(block.data)) {
    refuseModel(`${block.place}: Invalid \`data\` in \`redacted_thinking\` block`);
  }
}

/** A tool loop that goes on while thinking must show the thinking that led to the call. */
export function checkThinkingLoop(turns: readonly Turn[], model: EmulatedModel): void {
  if (!familyRulesOf(model).signedReasoning) return;
  const last = turns.at(-1);
  if (last?.blocks.some(({ kind }) => kind === 'tool-result') !== true) return;
  const call = turns.at(-2)?.blocks[0];
  if (call === undefined || call.kind === 'reasoning' || call.kind === 'redacted') return;
  const found = call.kind === 'tool-call' ? 'tool_use' : call.kind;
  refuseModel(
    `${call.place}.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${found}\`. When \`thinking\` is ` +
      'enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost set of ' +
      '`tool_use` and `tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid ' +
      'this requirement, disable `thinking`. Please consult our documentation at ' +
      'https://docs.claude.com/en/docs/build-with-claude/extended-thinking',
  );
}

/** Names in additionalModelRequestFields that the model does not know. */
export function checkOwnFields(fields: Fields, model: EmulatedModel): void {
  const { ownFields } = familyRulesOf(model);
  const unknown = Object.keys(fields).find((name) => ownFields?.includes(name) === false);
  if (unknown === undefined) return;
  if (model.provider === 'anthropic') notPermitted(unknown);
  refuse(
    `Malformed input request: #: extraneous key [${unknown}] is not permitted, please reformat your input and try again.`,
  );
}

const notPermitted = (name: string): never => refuseModel(`${name}: Extra inputs are not permitted`);

function refuseModel(message: string): never {
  refuse(`The model returned the following errors: ${message}`);
}
