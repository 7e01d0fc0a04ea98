/** The functions as they ship: the minified bundle out of each zip of the packaged stack. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inflateRawSync } from 'node:zlib';

export interface Bundle {
  readonly name: string;
  readonly zipBytes: number;
  /** The `.cjs` on disk. */
  readonly file: string;
}

/** Unpacks each zip, which holds one file, into `folder`. */
export function unpackBundles(
  zips: Readonly<Record<string, string>>,
  folder: string,
): Readonly<Record<string, Bundle>> {
  mkdirSync(folder, { recursive: true });
  const bundles = Object.entries(zips).map(([name, zip]): [string, Bundle] => {
    const file = path.join(folder, `${name}.cjs`);
    writeFileSync(file, onlyEntry(readFileSync(zip)));
    return [name, { name, zipBytes: statSync(zip).size, file }];
  });
  return Object.fromEntries(bundles);
}

const END_OF_DIRECTORY = Buffer.from('PK\x05\x06', 'latin1');
const DEFLATED = 8;

/** The content of a zip's only entry. Source: APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16. */
function onlyEntry(zip: Buffer): Buffer {
  const end = zip.lastIndexOf(END_OF_DIRECTORY);
  if (end === -1 || zip.readUInt16LE(end + 10) !== 1) throw new Error('A function has a zip of one file.');
  const directory = zip.readUInt32LE(end + 16);
  const method = zip.readUInt16LE(directory + 10);
  const length = zip.readUInt32LE(directory + 20);
  const header = zip.readUInt32LE(directory + 42);
  const start = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28);
  const content = zip.subarray(start, start + length);
  return method === DEFLATED ? inflateRawSync(content) : content;
}
