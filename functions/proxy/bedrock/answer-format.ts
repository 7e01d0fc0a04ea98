/** How an answer gets the format that was asked for: by the model itself, by a tool, or by words. */
import type { AnswerFormat, ModelCommand, Tool, ToolUse } from '../../../shared/domain/conversation.ts';
import type { Model } from '../../../shared/domain/model.ts';
import type { AnswerReading } from './answer-reading.ts';
import { isClosable, isClosed, sanitisedSchema } from './json-schema.ts';
import { canForceTool } from './model-rules.ts';

export interface FormatPlan {
  /** The command with what gives its answer the format. Where the format is still its own, the model is held to it. */
  readonly command: ModelCommand;
  readonly reading: AnswerReading;
  readonly ignored: readonly string[];
}

type SchemaFormat = Extract<AnswerFormat, { type: 'json-schema' }>;

/**
 * The ladder: the model's own schema, a tool that must be called and whose arguments are the answer, words. A model
 * that thinks cannot be made to call a tool. Where the caller forces a tool of its own, nothing is answered in text.
 */
export function planFormat(
  command: ModelCommand,
  of: { readonly model: Model; readonly thinks: boolean },
): FormatPlan {
  const { answerFormat: format } = command;
  const { model } = of;
  switch (format.type) {
    case 'text':
      return unchanged(command);
    case 'json':
      return inWords(command, { model, words: ANY_OBJECT, opening: '{' });
    case 'json-schema':
      if (isNative(model, format)) return unchanged(natively(command, { format, model }));
      if (isForced(command.toolUse)) return unchanged(freed(command));
      return format.schema['type'] === 'object' && !of.thinks && canForceTool(model)
        ? byTool(command, { model, format })
        : {
            ...inWords(command, { model, words: wordsOf(format), opening: openingOf(format) }),
            ignored: lostStrict(command, format),
          };
  }
}

const unchanged = (command: ModelCommand): FormatPlan => ({ command, reading: 'as-it-comes', ignored: [] });

/** A schema that the model is only told of is kept to by good will. */
const lostStrict = ({ paramNames }: ModelCommand, { strict }: SchemaFormat): readonly string[] =>
  strict === 'asked' ? [`${paramNames.answerFormat}.strict`] : [];

/** Claude's grammar closes every object, so a schema whose objects are open goes another way. */
const isNative = ({ capabilities, takes }: Model, { schema }: SchemaFormat): boolean =>
  capabilities.includes('structured-output') &&
  (takes.nativeSchema === 'taken' || (takes.nativeSchema === 'sanitised' && isClosable(schema)));

const isForced = (toolUse: ToolUse | undefined): boolean =>
  toolUse?.choice.type === 'required' || toolUse?.choice.type === 'tool';

const freed = (command: ModelCommand): ModelCommand => ({ ...command, answerFormat: { type: 'text' } });

const natively = (
  command: ModelCommand,
  of: { readonly format: SchemaFormat; readonly model: Model },
): ModelCommand =>
  of.model.takes.nativeSchema === 'sanitised'
    ? { ...command, answerFormat: { ...of.format, schema: sanitisedSchema(of.format.schema) } }
    : command;

/** Beside tools of the caller's that may be called, any of them or the answer's must be; else the answer's alone. */
function byTool(
  command: ModelCommand,
  { model, format }: { readonly model: Model; readonly format: SchemaFormat },
): FormatPlan {
  const isHeld = model.takes.tools.strict && isClosed(format.schema);
  const callable = command.toolUse?.choice.type === 'auto' ? command.toolUse : undefined;
  const others = command.toolUse?.tools ?? [];
  const tool: Tool = {
    name: unusedName(others),
    description: format.description ?? 'Gives the answer, in the format that was asked for.',
    parameters: format.schema,
    strict: isHeld ? format.strict : 'not-asked',
  };
  const toolUse: ToolUse = {
    tools: [...others, tool],
    choice: callable === undefined ? { type: 'tool', name: tool.name } : { type: 'required' },
    ...(callable?.parallel !== undefined && { parallel: callable.parallel }),
  };
  return {
    command: { ...freed(command), toolUse },
    reading: { answerTool: tool.name },
    ignored: isHeld ? [] : lostStrict(command, format),
  };
}

function unusedName(others: readonly Tool[]): string {
  const names = new Set(others.map(({ name }) => name));
  let name = 'json_answer';
  while (names.has(name)) name += '_';
  return name;
}

const ANY_OBJECT =
  'Answer with one JSON object and nothing else: no introduction, no explanation, no Markdown.';

const wordsOf = ({ schema, description }: SchemaFormat): string =>
  [
    'Answer with JSON alone that is valid for this JSON Schema: no introduction, no explanation, no Markdown.',
    ...(description === undefined ? [] : [description]),
    JSON.stringify(schema),
  ].join('\n');

function openingOf({ schema: { type } }: SchemaFormat): '{' | '[' | undefined {
  if (type === 'object') return '{';
  return type === 'array' ? '[' : undefined;
}

/** The words stand in the system texts or, where the model takes none, last in what the user says. */
function inWords(
  command: ModelCommand,
  of: { readonly model: Model; readonly words: string; readonly opening: '{' | '[' | undefined },
): FormatPlan {
  const block = { type: 'text', text: of.words } as const;
  const reading = of.opening === undefined ? 'as-it-comes' : { firstJson: of.opening };
  const plain = freed(command);
  if (of.model.takes.systemMessages) {
    return { command: { ...plain, system: [...command.system, block] }, reading, ignored: [] };
  }
  const last = command.messages.findLastIndex(({ role }) => role === 'user');
  const messages = command.messages.map((message, index) =>
    index === last && message.role === 'user'
      ? { ...message, content: [...message.content, block] }
      : message,
  );
  return { command: { ...plain, messages }, reading, ignored: [] };
}
