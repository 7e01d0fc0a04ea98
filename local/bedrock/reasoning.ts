/**
 * Reasoning that can be given back. A signature proves that a text is the model's own: Claude refuses reasoning that
 * somebody else wrote or changed by a byte. The emulator's signatures are made with a key that everybody may know.
 */
import { createHmac } from 'node:crypto';
import { crc32 } from 'node:zlib';

const KEY = 'bedrock-emulator';
const SIGNATURE_PREFIX = 'EmuSig';
const REDACTED_PREFIX = 'EmuRedacted';

/** The signature of a reasoning text; base64 like Anthropic's, which says nothing about the text. */
export const signReasoning = (text: string): string =>
  Buffer.from(`${SIGNATURE_PREFIX}:${digest(text)}`).toString('base64');

export const isOwnReasoning = (text: string, signature: string): boolean => signature === signReasoning(text);

/** Reasoning as a blob that only the emulator can read, in base64. */
export const redactReasoning = (text: string): string =>
  Buffer.from(`${REDACTED_PREFIX}:${digest(text)}:${text}`).toString('base64');

export function isOwnRedacted(data: string): boolean {
  const [prefix, proof, ...text] = Buffer.from(data, 'base64').toString('utf8').split(':');
  return prefix === REDACTED_PREFIX && proof === digest(text.join(':'));
}

/** What the emulator thinks before it answers; the same for the same prompt. */
export const thoughtAbout = (text: string): string =>
  `The Bedrock emulator thinks nothing of this prompt, whose checksum is ${crc32(text)}.`;

const digest = (text: string): string => createHmac('sha256', KEY).update(text).digest('hex');
