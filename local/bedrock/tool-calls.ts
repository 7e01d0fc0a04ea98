/** The tool calls of an answer: which, with what arguments, and in what pieces they are streamed. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Directive } from './directive.ts';
import type { CallIdStyle, Prompt, Tool } from './prompt.ts';
import { valueFor } from './schema-value.ts';
import { refuse } from './service-error.ts';

export interface ToolCall {
  readonly kind: 'tool-call';
  readonly id: string;
  readonly name: string;
  /** The arguments as JSON, in the pieces that are streamed; the first is empty, as Claude's is. */
  readonly pieces: readonly string[];
}

/** The calls that the directive asks for or the request forces; none where neither does. */
export function planToolCalls(prompt: Prompt, directive: Directive): readonly ToolCall[] {
  return toolsToCall(prompt, directive).map((tool, index) => {
    const seed = crc32(`${prompt.turns} ${index} ${prompt.lastUserText}`);
    const input = argumentsOf(directive, index) ?? JSON.stringify(valueFor(tool.schema, seed));
    return {
      kind: 'tool-call',
      id: callId(prompt.callIds, `${seed} ${tool.name}`),
      name: tool.name,
      pieces: tear(directive.stop === 'malformed_tool_use' ? `${input.slice(0, -1)},` : input, seed),
    };
  });
}

function toolsToCall({ tools, toolChoice }: Prompt, directive: Directive): readonly Tool[] {
  if (toolChoice === 'none') return [];
  const named = directive.tools?.map((name) => find(tools, name));
  if (named !== undefined) return named;
  if (typeof toolChoice === 'object') return [find(tools, toolChoice.name)];
  return toolChoice === 'any' ? tools.slice(0, 1) : [];
}

const find = (tools: readonly Tool[], name: string): Tool =>
  tools.find((tool) => tool.name === name) ??
  refuse(`The Bedrock emulator was asked to call '${name}', which is none of the request's tools.`);

/** Arguments given in the directive: an object for the first call, or a list with one for each. */
function argumentsOf({ args }: Directive, index: number): string | undefined {
  if (Array.isArray(args)) return args[index] === undefined ? undefined : JSON.stringify(args[index]);
  return args === undefined || index > 0 ? undefined : JSON.stringify(args);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function callId(style: CallIdStyle, seed: string): string {
  const digest = createHash('sha256').update(seed).digest();
  const letters = [...digest].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
  return style === 'nine' ? letters.slice(0, 9) : `${style}${letters.slice(0, 22)}`;
}

const PIECE_CHARACTERS_MAX = 7;

/** One to seven characters a piece, so that keys, escapes and numbers are torn; every fifth piece is empty. */
function tear(json: string, seed: number): readonly string[] {
  const pieces = [''];
  const characters = [...json];
  let state = seed;
  for (let at = 0; at < characters.length; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const length = 1 + ((state >>> 16) % PIECE_CHARACTERS_MAX);
    pieces.push(characters.slice(at, at + length).join(''));
    if (pieces.length % 5 === 0) pieces.push('');
    at += length;
  }
  return pieces;
}
