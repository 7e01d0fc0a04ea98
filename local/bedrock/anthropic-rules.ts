/** What Anthropic's own body is refused for, in the words that Bedrock passes on. */
import { anthropicChoice } from './converse-tools.ts';
import { familyRulesOf } from './family-rules.ts';
import type { EmulatedModel } from './models.ts';
import type { Tool, ToolChoice } from './prompt.ts';
import { refuse } from './service-error.ts';
import { blocksOf, type Turn } from './turns.ts';
import { type Fields, readList, readObject, readString } from './wire-value.ts';

const FIELDS = [
  'anthropic_beta',
  'anthropic_version',
  'context_management',
  'max_tokens',
  'messages',
  'metadata',
  'output_config',
  'stop_sequences',
  'system',
  'temperature',
  'thinking',
  'tool_choice',
  'tools',
  'top_k',
  'top_p',
];

/** `model` and `stream` are in the path on Bedrock; in the body they are as unknown as any misspelt field. */
export function checkFields(body: Fields): void {
  const unknown = Object.keys(body).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) refuse(`${unknown}: Extra inputs are not permitted`);
}

/** Each call is answered in the next message, and nothing else is. */
export function checkAnthropicPairing(turns: readonly Turn[]): void {
  for (const [index, turn] of turns.entries()) {
    const calls = blocksOf(turn.blocks, 'tool-call').map(({ id }) => id);
    const results = blocksOf(turns[index + 1]?.blocks ?? [], 'tool-result').map(({ id }) => id);
    const missing = calls.filter((id) => !results.includes(id));
    if (missing.length > 0) {
      refuse(
        `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ` +
          `${missing.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next ` +
          'message.',
      );
    }
    checkOrphans(turn, turns[index - 1]);
  }
}

function checkOrphans(turn: Turn, before: Turn | undefined): void {
  const calls = blocksOf(before?.blocks ?? [], 'tool-call').map(({ id }) => id);
  const orphan = blocksOf(turn.blocks, 'tool-result').find(({ id }) => !calls.includes(id));
  if (orphan === undefined) return;
  refuse(
    `${orphan.place}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${orphan.id}. Each \`tool_result\` ` +
      'block must have a corresponding `tool_use` block in the previous message.',
  );
}

export interface AnthropicTools {
  readonly tools: readonly Tool[];
  readonly choice: ToolChoice;
  /** As received. */
  readonly items: readonly Fields[];
}

const TOOL_NAME = /^[a-zA-Z0-9_-]{1,128}$/;

/** The tools and the choice among them; server tools do not exist on Bedrock. */
export function readAnthropicTools(body: Fields, model: EmulatedModel): AnthropicTools {
  const items = (readList(body['tools']) ?? []).map((item) => readObject(item) ?? {});
  const tools = items.map((item, index) => readTool(item, { index, model }));
  const choice = anthropicChoice(readObject(body['tool_choice']));
  if (tools.length === 0) return { tools, choice: 'none', items };
  if (choice !== 'auto' && choice !== 'none' && !familyRulesOf(model).forcedTool) {
    refuse('tool_choice: this model does not support forced tool use.');
  }
  if (typeof choice === 'object' && !tools.some(({ name }) => name === choice.name)) {
    refuse(`Tool '${choice.name}' not found in provided tools`);
  }
  return { tools, choice, items };
}

function readTool(
  item: Fields,
  { index, model }: { readonly index: number; readonly model: EmulatedModel },
): Tool {
  const type = readString(item['type']) ?? 'custom';
  if (type !== 'custom') {
    refuse(
      `tools.${index}: Input tag '${type}' found using 'type' does not match any of the expected tags: 'custom'`,
    );
  }
  if (item['strict'] !== undefined && !familyRulesOf(model).strictTools) {
    refuse(`tools.${index}.custom.strict: Extra inputs are not permitted`);
  }
  const name = readString(item['name']) ?? refuse(`tools.${index}.custom.name: Field required`);
  if (!TOOL_NAME.test(name)) {
    refuse(`tools.${index}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`);
  }
  const schema =
    readObject(item['input_schema']) ?? refuse(`tools.${index}.custom.input_schema: Field required`);
  if (schema['type'] !== 'object') refuse(`tools.${index}.custom.input_schema.type: Field required`);
  return { name, schema };
}

/** `output_config.format`, which Claude also takes in Converse's additional fields. */
export function readOutputFormat(fields: Fields, model: EmulatedModel): unknown {
  const format = readObject(readObject(fields['output_config'])?.['format']);
  if (format === undefined) return undefined;
  if (!familyRulesOf(model).outputFormat) refuse('output_config.format: Extra inputs are not permitted');
  return readObject(format['schema']) ?? refuse('output_config.format.schema: Field required');
}
