/** Files as short as their formats let them be recognised. */
const base64 = (...parts: readonly (string | readonly number[])[]): string =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))),
  ).toString('base64');

/** 1 by 1 pixel, whole. */
export const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
export const JPEG = base64([0xff, 0xd8, 0xff, 0xe0, 0x00, 0x10], 'JFIF');
export const GIF = base64('GIF89a', [1, 0, 1, 0]);
export const WEBP = base64('RIFF', [4, 0, 0, 0], 'WEBPVP8 ');
export const WAV = base64('RIFF', [36, 0, 0, 0], 'WAVEfmt ');
export const MP3 = base64('ID3', [4, 0, 0, 0, 0, 0, 0]);
export const MP3_FRAME = base64([0xff, 0xfb, 0x90, 0x64]);
export const PDF = base64('%PDF-1.7\n1 0 obj\n');
export const ZIP = base64('PK', [3, 4, 20, 0], 'word/document.xml');
export const COMPOUND_FILE = base64([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);
export const TEXT = base64('# A title');
export const MP4 = base64([0, 0, 0, 24], 'ftypisom');
export const MOV = base64([0, 0, 0, 24], 'ftypqt  ');
export const THREE_GP = base64([0, 0, 0, 24], 'ftyp3gp5');
export const MKV = base64([0x1a, 0x45, 0xdf, 0xa3, 0x93, 0x42, 0x82, 0x88], 'matroska');
export const WEBM = base64([0x1a, 0x45, 0xdf, 0xa3, 0x93, 0x42, 0x82, 0x84], 'webm');
export const FLV = base64('FLV', [1, 5, 0, 0, 0, 9]);
export const MPEG = base64([0, 0, 1, 0xba, 0x44, 0]);
export const WMV = base64([0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11]);

export const dataUrl = (base64: string, mediaType = 'application/octet-stream'): string =>
  `data:${mediaType};base64,${base64}`;
