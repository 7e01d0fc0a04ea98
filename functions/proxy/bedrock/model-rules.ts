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
  const { paramNames, toolUse } = command;
  const refuse = (param: string, what: string): never => refuseOfModel(model, { param, what });
  if (command.system.length > 0 && !takes.systemMessages) refuse(paramNames.messages, 'system messages');
  if (command.stopSequences.length > 0 && !takes.stopSequences) {
    refuse(paramNames.stopSequences, 'stop sequences');
  }
  if (command.messages.at(-1)?.role === 'assistant' && !takes.assistantPrefill) {
    refuse(paramNames.messages, 'an assistant message as the last one');
  }
  for (const { content } of command.messages) {
    for (const block of content) assertMedia(block, { command, model });
  }
  if (toolUse === undefined || toolUse.choice.type === 'none') return;
  if (!model.capabilities.includes('tools')) refuse(paramNames.tools, 'tools');
  const isForced = toolUse.choice.type === 'required' || toolUse.choice.type === 'tool';
  if (isForced && !canForceTool(model)) {
    refuse(
      paramNames.toolChoice,
      `the choice '${toolUse.choice.type}': ask for 'auto' and name the tool in a message`,
    );
  }
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
