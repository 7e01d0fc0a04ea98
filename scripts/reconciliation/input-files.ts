/** Files of a disk or of S3, unpacked where their names end in .gz, in the order of their names. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';

export interface InputFile {
  /** By which a line of it is named. */
  readonly name: string;
  open(): Promise<Readable>;
}

/** What could not be read: never what it holds, which may be a prompt. */
export interface Unreadable {
  readonly place: string;
  readonly reason: string;
}

/**
 * The files at `s3://bucket/prefix`, in a folder, or the one file. `wanted` says which of a folder or prefix are meant, by
 * what stands behind it. Throws where there is none.
 */
export async function inputFiles(
  location: string,
  of: { readonly option: string; readonly wanted: RegExp; readonly endings: string },
): Promise<readonly InputFile[]> {
  const { option, wanted, endings } = of;
  const files = location.startsWith('s3://')
    ? await objectsAt(location, wanted)
    : await filesAt(location, wanted).catch((cause: unknown) => {
        throw new Error(`${option}: ${location} cannot be read.`, { cause });
      });
  if (files.length === 0) throw new Error(`${option}: ${location} holds no file that ends in ${endings}.`);
  return files;
}

async function filesAt(location: string, wanted: RegExp): Promise<readonly InputFile[]> {
  if ((await stat(location)).isFile())
    return [{ name: path.basename(location), open: async () => createReadStream(location) }];
  const names = (await readdir(location, { recursive: true })).filter((name) => wanted.test(name)).sort();
  return names.map((name) => ({ name, open: async () => createReadStream(path.join(location, name)) }));
}

async function objectsAt(location: string, wanted: RegExp): Promise<readonly InputFile[]> {
  const [, Bucket = '', Prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(location) ?? [];
  const client = new S3Client({ forcePathStyle: process.env['AWS_ENDPOINT_URL_S3'] !== undefined });
  const names: string[] = [];
  for await (const page of paginateListObjectsV2({ client }, { Bucket, Prefix }))
    for (const { Key = '' } of page.Contents ?? [])
      if (wanted.test(Key.slice(Prefix.length))) names.push(Key);
  return names.sort().map((Key) => ({
    name: `s3://${Bucket}/${Key}`,
    open: async () => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      if (!(Body instanceof Readable)) throw new Error(`s3://${Bucket}/${Key} has no content.`);
      return Body;
    },
  }));
}

/** The text of a file. Rejects where it is no gzip and says that it is. */
export async function* textOf(file: InputFile): AsyncGenerator<string> {
  const bytes = await file.open();
  const plain = file.name.endsWith('.gz') ? pipeline(bytes, createGunzip(), () => undefined) : bytes;
  plain.setEncoding('utf8');
  for await (const piece of plain) yield String(piece);
}

/** Its lines that are not empty, by number. */
export async function* linesOf(
  file: InputFile,
): AsyncGenerator<{ readonly place: string; readonly text: string }> {
  let rest = '';
  let number = 0;
  for await (const piece of textOf(file)) {
    const lines = `${rest}${piece}`.split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      number += 1;
      if (text.trim() !== '') yield { place: `${file.name}:${number}`, text };
    }
  }
  if (rest.trim() !== '') yield { place: `${file.name}:${number + 1}`, text: rest };
}

/** A line as JSON, or undefined. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
