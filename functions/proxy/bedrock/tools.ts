/** The tools of a request and which of them must be called, as a model takes them. */
import type { Message, ModelCommand, Tool, ToolUse } from '../../../shared/domain/conversation.ts';
import type { ConverseToolConfig } from '../../../shared/domain/converse.ts';
import type { Model } from '../../../shared/domain/model.ts';
import type { Adapted } from './adapted.ts';
import { bareSchema } from './bare-schema.ts';
import { tellsOfTools } from './history.ts';
import { isClosed, sanitisedSchema } from './json-schema.ts';
import { toTools } from './to-blocks.ts';

/**
 * The command with the tools that are sent: those that Converse wants where earlier messages tell of them, and none
 * where none may be called and nothing tells of any. The history was adapted before.
 */
export function adaptTools(command: ModelCommand, model: Model): Adapted {
  const { toolUse, ...rest } = command;
  const isSilent = toolUse === undefined || toolUse.choice.type === 'none';
  if (isSilent && !tellsOfTools(command.messages)) return { command: rest, ignored: [] };
  const tools = withHistory(toolUse?.tools ?? [], command.messages).map((tool) =>
    bareOr(strictOr(tool, model), model),
  );
  const lostStrict = (toolUse?.tools ?? []).some(
    ({ strict }, index) => strict === 'asked' && tools[index]?.strict === 'not-asked',
  );
  const { paramNames } = command;
  const lostParallel = toolUse?.parallel === 'forbidden' && !model.takes.claudeFields;
  return {
    command: { ...command, toolUse: { ...(toolUse ?? NONE), tools } },
    ignored: [
      ...(lostStrict ? [`${paramNames.tools}.strict`] : []),
      ...(lostParallel ? [paramNames.parallelToolCalls] : []),
    ],
  };
}

const NONE: Omit<ToolUse, 'tools'> = { choice: { type: 'none' } };

/** A tool of which a call is told and that the request does not declare any more. Its arguments are not known. */
function withHistory(tools: readonly Tool[], messages: readonly Message[]): readonly Tool[] {
  const known = new Set(tools.map(({ name }) => name));
  const told = messages.flatMap(({ content }) =>
    content.flatMap((block) => (block.type === 'tool-call' ? [block.name] : [])),
  );
  const missing = [...new Set(told)].filter((name) => !known.has(name));
  return [
    ...tools,
    ...missing.map(
      (name): Tool => ({ name, parameters: { type: 'object', properties: {} }, strict: 'not-asked' }),
    ),
  ];
}

/** `strict` is refused of schemas that leave an object open, and of words that Claude's grammar does not know. */
function strictOr(tool: Tool, { takes }: Model): Tool {
  if (tool.strict === 'not-asked') return tool;
  if (!takes.tools.strict || !isClosed(tool.parameters)) return { ...tool, strict: 'not-asked' };
  return takes.claudeFields ? { ...tool, parameters: sanitisedSchema(tool.parameters) } : tool;
}

const bareOr = (tool: Tool, { takes }: Model): Tool =>
  takes.tools.schemas === 'bare' ? { ...tool, parameters: bareSchema(tool.parameters) } : tool;

export interface ToolPlan {
  readonly toolConfig?: ConverseToolConfig;
  /** The model's own fields. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Converse has no word for `none`, nor for one call at a time: Claude's own `tool_choice` has both, and stands in for
 * Converse's then, because Bedrock refuses the two together.
 */
export function planTools(command: ModelCommand, { takes }: Model): ToolPlan {
  const { toolUse } = command;
  if (toolUse === undefined) return { fields: {} };
  const { choice, parallel } = toolUse;
  const toolConfig = { tools: toTools(toolUse.tools) };
  if (takes.claudeFields && (choice.type === 'none' || parallel === 'forbidden')) {
    return { toolConfig, fields: { tool_choice: claudeChoice(toolUse) } };
  }
  return { toolConfig: { ...toolConfig, ...choiceOf(choice) }, fields: {} };
}

function choiceOf(choice: ToolUse['choice']): Pick<ConverseToolConfig, 'toolChoice'> {
  switch (choice.type) {
    case 'tool':
      return { toolChoice: { tool: { name: choice.name } } };
    case 'required':
      return { toolChoice: { any: {} } };
    default:
      // Auto is what a model does by itself, and some refuse even that word.
      return {};
  }
}

function claudeChoice({ choice, parallel }: ToolUse): Readonly<Record<string, unknown>> {
  if (choice.type === 'none') return { type: 'none' };
  const one = parallel === 'forbidden' ? { disable_parallel_tool_use: true } : {};
  if (choice.type === 'tool') return { type: 'tool', name: choice.name, ...one };
  return { type: choice.type === 'required' ? 'any' : 'auto', ...one };
}
