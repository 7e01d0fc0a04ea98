/** The tools of a request and how the model is to choose among them. */
import type { Tool, ToolChoice, ToolUse } from '../../../shared/domain/conversation.ts';
import { assertDistinctTools, functionTool } from '../wire/function-tool.ts';
import {
  assertKeys,
  isObject,
  type JsonObject,
  readArray,
  readBoolean,
  readChoice,
  requireObject,
  requireString,
  within,
} from '../wire/json-value.ts';
import { type CacheContext, readCachePoint } from '../wire/prompt-cache.ts';
import { refuseMissing, refuseType, refuseUnsupportedValue, refuseValue } from '../wire/refusal.ts';

const TOOL_KEYS: ReadonlySet<string> = new Set(['type', 'function', 'cache_control']);
const FUNCTION_KEYS: ReadonlySet<string> = new Set(['name', 'description', 'parameters', 'strict']);

/** `tools`, `tool_choice` and `parallel_tool_calls`; undefined where there are no tools. */
export function readToolUse(body: JsonObject, context: CacheContext): ToolUse | undefined {
  const tools = (readArray(body['tools'], 'tools') ?? []).map((tool, index) =>
    readTool(tool, { ...context, param: within('tools', index) }),
  );
  assertDistinctTools(tools, (index) => `tools[${index}].function.name`);
  const parallel = readBoolean(body['parallel_tool_calls'], 'parallel_tool_calls');
  const chosen = readToolChoice(body['tool_choice'], tools);
  if (tools.length === 0) return undefined;
  return {
    ...chosen,
    ...(parallel !== undefined && { parallel: parallel ? 'allowed' : 'forbidden' }),
  };
}

function readTool(tool: unknown, of: CacheContext & { readonly param: string }): Tool {
  const { param } = of;
  if (!isObject(tool)) return refuseType(param, { expected: 'an object', got: tool });
  readFunctionType(tool['type'], within(param, 'type'));
  assertKeys(tool, { param, known: TOOL_KEYS });
  const at = within(param, 'function');
  const declared = requireObject(tool['function'], at);
  assertKeys(declared, { param: at, known: FUNCTION_KEYS });
  const { name, description, parameters, strict } = declared;
  const fields = { name, description, parameters, strict };
  const cachePoint = readCachePoint(tool, of);
  return {
    ...functionTool(fields, { param: at, schemaKey: 'parameters' }),
    ...(cachePoint !== undefined && { cachePoint }),
  };
}

/** OpenAI's custom tools take text in a grammar of the caller's, which no model of Bedrock is held to. */
function readFunctionType(value: unknown, param: string): void {
  const type = readChoice(value, { param, choices: ['function', 'custom'] });
  if (type === undefined) refuseMissing(param);
  if (type === 'custom') {
    refuseUnsupportedValue(
      param,
      "tools of type 'custom' are not supported here. Declare a tool of type 'function' with one text as its parameter.",
    );
  }
}

type Choosing = Pick<ToolUse, 'tools' | 'choice'>;

function readToolChoice(value: unknown, tools: readonly Tool[]): Choosing {
  const param = 'tool_choice';
  if (value === undefined || value === null) return { tools, choice: { type: 'auto' } };
  if (typeof value === 'string') {
    const type = readChoice(value, { param, choices: ['none', 'auto', 'required'] }) ?? 'auto';
    if (type === 'required') assertTools(tools, param);
    return { tools, choice: { type } };
  }
  if (!isObject(value)) return refuseType(param, { expected: 'a string or an object', got: value });
  assertTools(tools, param);
  const type = readChoice(value['type'], {
    param: within(param, 'type'),
    choices: ['function', 'allowed_tools', 'custom'],
  });
  switch (type) {
    case undefined:
      return refuseMissing(within(param, 'type'));
    case 'custom':
      return refuseUnsupportedValue(within(param, 'type'), "tools of type 'custom' are not supported here.");
    case 'function':
      return { tools, choice: { type: 'tool', name: chosenName(value, { param, names: namesOf(tools) }) } };
    case 'allowed_tools':
      return readAllowedTools(value, tools);
  }
}

function assertTools(tools: readonly Tool[], param: string): void {
  if (tools.length === 0) refuseValue(param, "it is allowed only where 'tools' has a tool to choose.");
}

const CHOICE_KEYS: ReadonlySet<string> = new Set(['type', 'function']);
const NAME_KEYS: ReadonlySet<string> = new Set(['name']);

const namesOf = (tools: readonly Tool[]): ReadonlySet<string> => new Set(tools.map(({ name }) => name));

/** The name of `{"type": "function", "function": {"name": …}}`, of a tool that there is. */
function chosenName(
  value: JsonObject,
  of: { readonly param: string; readonly names: ReadonlySet<string> },
): string {
  assertKeys(value, { param: of.param, known: CHOICE_KEYS });
  const at = within(of.param, 'function');
  const chosen = requireObject(value['function'], at);
  assertKeys(chosen, { param: at, known: NAME_KEYS });
  const name = requireString(chosen['name'], within(at, 'name'));
  if (of.names.has(name)) return name;
  return refuseValue(within(at, 'name'), "no tool in 'tools' has this name.");
}

const ALLOWED_KEYS: ReadonlySet<string> = new Set(['type', 'allowed_tools']);
const ALLOWED_INNER_KEYS: ReadonlySet<string> = new Set(['mode', 'tools']);

/** Tools that are not allowed are not shown to the model at all. */
function readAllowedTools(value: JsonObject, tools: readonly Tool[]): Choosing {
  assertKeys(value, { param: 'tool_choice', known: ALLOWED_KEYS });
  const param = 'tool_choice.allowed_tools';
  const allowed = requireObject(value['allowed_tools'], param);
  assertKeys(allowed, { param, known: ALLOWED_INNER_KEYS });
  const mode = readChoice(allowed['mode'], { param: within(param, 'mode'), choices: ['auto', 'required'] });
  if (mode === undefined) return refuseMissing(within(param, 'mode'));
  const at = within(param, 'tools');
  const declared = namesOf(tools);
  const names = new Set(
    (readArray(allowed['tools'], at) ?? refuseMissing(at)).map((item, index) => {
      const of = within(at, index);
      if (!isObject(item)) return refuseType(of, { expected: 'an object', got: item });
      readFunctionType(item['type'], within(of, 'type'));
      return chosenName(item, { param: of, names: declared });
    }),
  );
  if (names.size === 0) return refuseValue(at, 'expected at least one tool.');
  const choice: ToolChoice = { type: mode };
  return { tools: tools.filter(({ name }) => names.has(name)), choice };
}
