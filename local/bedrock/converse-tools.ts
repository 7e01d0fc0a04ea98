/** The tools of Converse: which there are, which must be called, and what the model refuses of that. */

import { checkCapability } from './conversation.ts';
import { ttlOf } from './converse-blocks.ts';
import { familyRulesOf } from './family-rules.ts';
import type { EmulatedModel } from './models.ts';
import type { Tool, ToolChoice } from './prompt.ts';
import type { CacheSegment } from './prompt-cache.ts';
import { refuse } from './service-error.ts';
import { countBlockTokens } from './tokens.ts';
import { mentionsTools } from './tool-pairing.ts';
import type { Turn } from './turns.ts';
import { type Fields, readList, readObject, readString } from './wire-value.ts';

export interface ToolConfig {
  readonly tools: readonly Tool[];
  readonly choice: ToolChoice;
  readonly tokens: number;
  /** The tools and the cache points among them. */
  readonly segments: readonly CacheSegment[];
}

/** Reads toolConfig, whose shape is checked; ValidationException for what the service or the model refuses. */
export function readToolConfig(
  body: Fields,
  { turns, model }: { readonly turns: readonly Turn[]; readonly model: EmulatedModel },
): ToolConfig {
  const config = readObject(body['toolConfig']);
  if (config === undefined) {
    if (!mentionsTools(turns)) return { tools: [], choice: 'none', tokens: 0, segments: [] };
    refuse('The toolConfig field must be defined when using toolUse and toolResult content blocks.');
  }
  checkCapability(model, 'tools', () => refuse("This model doesn't support tool use."));
  const items = (readList(config['tools']) ?? []).map((item) => readObject(item) ?? {});
  const tools = items.flatMap((item, index) => readTool(item, { index, model }));
  checkNames(tools);
  const segments = items.map(segmentOf);
  return {
    tools,
    choice: readChoice(body, { config, tools, model }),
    tokens: segments.reduce((sum, segment) => sum + ('tokens' in segment ? segment.tokens : 0), 0),
    segments,
  };
}

function readTool(
  item: Fields,
  { index, model }: { readonly index: number; readonly model: EmulatedModel },
): readonly Tool[] {
  const spec = readObject(item['toolSpec']);
  if (spec === undefined) return [];
  const schema = readObject(readObject(spec['inputSchema'])?.['json']) ?? {};
  if (schema['type'] !== 'object') {
    refuse(
      `The value at toolConfig.tools.${index}.toolSpec.inputSchema.json.type must be one of the following: object.`,
    );
  }
  if (spec['strict'] === true) checkStrict(schema, { index, model });
  return [{ name: readString(spec['name']) ?? '', schema }];
}

function checkStrict(
  schema: Fields,
  { index, model }: { readonly index: number; readonly model: EmulatedModel },
): void {
  const place = `The model returned the following errors: tools.${index}.custom`;
  if (!familyRulesOf(model).strictTools) refuse(`${place}.strict: Extra inputs are not permitted`);
  if (model.provider === 'anthropic' && schema['additionalProperties'] !== false) {
    refuse(`${place}: For 'object' type, 'additionalProperties' must be explicitly set to false`);
  }
}

function checkNames(tools: readonly Tool[]): void {
  const names = tools.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) refuse(`The toolConfig.tools field contains duplicate tool names: ${twice}`);
}

const segmentOf = (item: Fields): CacheSegment => {
  const cachePoint = readObject(item['cachePoint']);
  return cachePoint === undefined
    ? { raw: item, role: 'tools', tokens: countBlockTokens(item) }
    : { ttl: ttlOf(cachePoint) };
};

interface Choosing {
  readonly config: Fields;
  readonly tools: readonly Tool[];
  readonly model: EmulatedModel;
}

function readChoice(body: Fields, { config, tools, model }: Choosing): ToolChoice {
  const own = readObject(readObject(body['additionalModelRequestFields'])?.['tool_choice']);
  const given = readObject(config['toolChoice']);
  if (own !== undefined && given !== undefined) {
    refuse('The additional field tool_choice conflicts with an existing field.');
  }
  const choice = own === undefined ? converseChoice(given) : anthropicChoice(own);
  if (choice === 'auto' || choice === 'none') return choice;
  const field = choice === 'any' ? 'any' : 'tool';
  checkCapability(model, 'tool-choice', () =>
    refuse(
      `This model doesn't support the toolConfig.toolChoice.${field} field. Remove toolConfig.toolChoice.${field} and try again.`,
    ),
  );
  if (!familyRulesOf(model).forcedTool) {
    refuse(
      'The model returned the following errors: tool_choice: this model does not support forced tool use.',
    );
  }
  if (typeof choice === 'object' && !tools.some(({ name }) => name === choice.name)) {
    refuse(`The tool named ${choice.name} in toolConfig.toolChoice.tool is none of toolConfig.tools.`);
  }
  return choice;
}

function converseChoice(choice: Fields | undefined): ToolChoice {
  if (choice?.['any'] !== undefined) return 'any';
  const name = readString(readObject(choice?.['tool'])?.['name']);
  return name === undefined ? 'auto' : { name };
}

/** `tool_choice` of Anthropic's Messages, which Claude also takes in Converse's additional fields. */
export function anthropicChoice(choice: Fields | undefined): ToolChoice {
  const type = readString(choice?.['type']);
  switch (type) {
    case undefined:
    case 'auto':
      return 'auto';
    case 'any':
    case 'none':
      return type;
    case 'tool':
      return { name: readString(choice?.['name']) ?? '' };
    default:
      return refuse(
        `The model returned the following errors: tool_choice: Input tag '${type}' found using 'type' does not match any of the expected tags: 'any', 'auto', 'none', 'tool'`,
      );
  }
}
