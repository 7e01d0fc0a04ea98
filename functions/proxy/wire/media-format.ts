/** What bytes are, by their first ones. What a request calls them is often wrong, and Bedrock refuses a wrong format. */
import type { AudioBlock, ImageBlock, VideoBlock } from '../../../shared/domain/conversation.ts';

/** Enough to recognise any of them: ISO media brands and Matroska's DocType stand within the first bytes. */
export const HEAD_CHARACTERS = 1_368;

/** The kinds of a document that bytes can be told apart by. */
export type DocumentKind = 'pdf' | 'zip' | 'compound-file' | 'text';

const latin1 = (head: Buffer, start: number, length: number): string =>
  head.toString('latin1', start, start + length);
const startsWith = (head: Buffer, hex: string): boolean =>
  head.toString('hex', 0, hex.length / 2) === hex.toLowerCase();

/** PNG, JPEG, GIF or WebP; undefined where it is none of them. */
export function imageFormatOf(head: Buffer): ImageBlock['format'] | undefined {
  if (startsWith(head, '89504e470d0a1a0a')) return 'png';
  if (startsWith(head, 'ffd8ff')) return 'jpeg';
  if (latin1(head, 0, 6) === 'GIF87a' || latin1(head, 0, 6) === 'GIF89a') return 'gif';
  return isRiff(head, 'WEBP') ? 'webp' : undefined;
}

/** RIFF WAVE, or MPEG audio with or without an ID3 tag. */
export function audioFormatOf(head: Buffer): AudioBlock['format'] | undefined {
  if (isRiff(head, 'WAVE')) return 'wav';
  // A frame of MPEG audio begins with eleven bits set; the next four must not say "reserved".
  const [first = 0, second = 0] = head;
  const isFrame = first === 0xff && (second & 0xe0) === 0xe0 && (second & 0x06) !== 0;
  return latin1(head, 0, 3) === 'ID3' || isFrame ? 'mp3' : undefined;
}

/** ISO base media by its brand, Matroska by its DocType, FLV, MPEG program streams and ASF. */
export function videoFormatOf(head: Buffer): VideoBlock['format'] | undefined {
  if (latin1(head, 4, 4) === 'ftyp') return isoFormatOf(latin1(head, 8, 4));
  if (startsWith(head, '1a45dfa3')) return latin1(head, 0, head.length).includes('webm') ? 'webm' : 'mkv';
  if (latin1(head, 0, 3) === 'FLV') return 'flv';
  if (startsWith(head, '000001ba') || startsWith(head, '000001b3')) return 'mpeg';
  return startsWith(head, '3026b2758e66cf11') ? 'wmv' : undefined;
}

function isoFormatOf(brand: string): VideoBlock['format'] {
  if (brand === 'qt  ') return 'mov';
  return brand.startsWith('3gp') || brand.startsWith('3g2') ? 'three_gp' : 'mp4';
}

/** PDF, a ZIP (docx, xlsx), a compound file (doc, xls), or something else, which must then be text. */
export function documentKindOf(head: Buffer): DocumentKind {
  if (latin1(head, 0, 5) === '%PDF-') return 'pdf';
  if (startsWith(head, '504b0304')) return 'zip';
  return startsWith(head, 'd0cf11e0a1b11ae1') ? 'compound-file' : 'text';
}

const isRiff = (head: Buffer, form: string): boolean =>
  latin1(head, 0, 4) === 'RIFF' && latin1(head, 8, 4) === form;
