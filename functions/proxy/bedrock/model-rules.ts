/** What a model cannot do and no translation can make up for. */
import type {
  AssistantBlock,
  ModelCommand,
  ToolResultBlock,
  UserBlock,
} from '../../../shared/domain/conversation.ts';
import type { Capability, Model } from '../../../shared/domain/model.ts';
import { refuseOfModel } from './adapted.ts';

/** Throws GatewayError that names the field where leaving it out would change what the answer is about. */
export function assertModelTakes(command: ModelCommand, model: Model): void {
  const { takes } = model;
  const { messages, paramNames } = command;
  if (command.system.length > 0 && !takes.systemMessages) {
    refuseOfModel(model, { param: paramNames.messages, what: 'system messages' });
  }
  if (messages.at(-1)?.role === 'assistant' && !takes.assistantPrefill) {
    refuseOfModel(model, { param: paramNames.messages, what: 'an assistant message as the last one' });
  }
  for (const { content } of messages) {
    for (const block of content) assertMedia(block, { command, model });
  }
  assertStopSequences(command, model);
  assertToolUse(command, model);
}

function assertStopSequences({ stopSequences, paramNames }: ModelCommand, model: Model): void {
  const param = paramNames.stopSequences;
  if (stopSequences.length > 0 && !model.takes.stopSequences) {
    refuseOfModel(model, { param, what: 'stop sequences' });
  }
  // "stop_sequences: each stop sequence must contain non-whitespace", says Anthropic.
  if (model.takes.claudeFields && stopSequences.some((sequence) => sequence.trim() === '')) {
    refuseOfModel(model, { param, what: 'a stop sequence of white space' });
  }
}

function assertToolUse({ toolUse, paramNames }: ModelCommand, model: Model): void {
  if (toolUse === undefined || toolUse.choice.type === 'none') return;
  if (!model.capabilities.includes('tools')) refuseOfModel(model, { param: paramNames.tools, what: 'tools' });
  const { type } = toolUse.choice;
  if (type === 'auto' || canForceTool(model)) return;
  const what = `the choice '${type}': ask for 'auto' and name the tool in a message`;
  refuseOfModel(model, { param: paramNames.toolChoice, what });
}

export const canForceTool = ({ capabilities, takes }: Model): boolean =>
  capabilities.includes('tools') && capabilities.includes('tool-choice') && takes.tools.forced;

/** What a block that carries a file needs of the model. */
const NEEDED: Partial<Record<(UserBlock | AssistantBlock)['type'], Capability>> = {
  image: 'images',
  document: 'documents',
  audio: 'audio',
  video: 'video',
};

function assertMedia(
  block: UserBlock | AssistantBlock,
  of: { readonly command: ModelCommand; readonly model: Model },
): void {
  const needed = NEEDED[block.type];
  if (needed !== undefined && !of.model.capabilities.includes(needed)) {
    refuseOfModel(of.model, { param: of.command.paramNames.messages, what: needed });
  }
  if (block.type === 'tool-result') assertMediaOfResult(block, of);
}

const assertMediaOfResult = (
  { content }: ToolResultBlock,
  of: { readonly command: ModelCommand; readonly model: Model },
): void => {
  for (const block of content) assertMedia(block, of);
};
