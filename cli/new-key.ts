/** A new key, shown once: on the screen, in the document, or in a file that only its owner can read. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { refuseUsage } from './failure.ts';
import { at, isObject, type JsonObject, textAt } from './json.ts';
import type { Session } from './session.ts';
import { details, timeText } from './table.ts';
import type { World } from './world.ts';

export interface OutOptions {
  readonly out?: string;
}

/** How a key reaches its workload, where that is a choice. */
interface HandOver extends OutOptions {
  readonly delivery?: string;
}

export const addOutOption = (command: Command): Command =>
  command.option('--out <file>', 'write the key to this new file (mode 0600) and show it nowhere');

/**
 * Makes a key by `call` and answers with what it gave. The file of --out is opened first, so that no key is made
 * which could not be kept.
 */
export async function answerNewKey(
  session: Session,
  of: { readonly options: HandOver; readonly call: () => Promise<JsonObject> },
): Promise<void> {
  refuseEmptyFile(of.options);
  const file = of.options.out === undefined ? undefined : openSecretFile(session.world, of.options.out);
  const document = await of.call().catch((error: unknown) => {
    file?.discard();
    throw error;
  });
  const key = keyObjectOf(document);
  const secret = secretOf(key);
  const isKept = secret === undefined ? false : (file?.keep(secret) ?? false);
  if (!isKept) file?.discard();
  session.answer(isKept ? withoutSecret(document) : document, details);
  session.say(adviceOf(key, isKept ? of.options.out : undefined));
}

function refuseEmptyFile({ out, delivery }: HandOver): void {
  if (out === undefined || delivery !== 'secrets_manager') return;
  refuseUsage(
    'By --delivery secrets_manager the key is shown to nobody, so there is nothing for the file of --out. Leave one of them out.',
  );
}

/** An answer about a service account carries its first key inside. */
const keyObjectOf = (document: JsonObject): JsonObject => {
  const inner = document['api_key'];
  return isObject(inner) ? inner : document;
};

/** What must not be seen by others: the key, its sealed text, or the link by which it is claimed. */
const secretOf = (key: JsonObject): string | undefined =>
  textAt(key, 'value') ?? textAt(key, 'delivery.jwe') ?? textAt(key, 'delivery.claim_url');

function withoutSecret(document: JsonObject): JsonObject {
  const key = keyObjectOf(document);
  const delivery = key['delivery'];
  const hidden = {
    ...key,
    value: null,
    ...(isObject(delivery) && {
      delivery: {
        ...delivery,
        ...('jwe' in delivery && { jwe: null }),
        ...('claim_url' in delivery && { claim_url: null }),
      },
    }),
  };
  return key === document ? hidden : { ...document, api_key: hidden };
}

/** What its maker is to do now. */
function adviceOf(key: JsonObject, file: string | undefined): string {
  const where = file === undefined ? '' : `It is in ${file}. `;
  const id = textAt(key, 'id') ?? 'it';
  if (textAt(key, 'value') !== undefined) {
    return `${where}This key is shown once and stored nowhere: keep it now. If it is lost, revoke ${id} and issue another.`;
  }
  switch (textAt(key, 'delivery.method')) {
    case 'claim': {
      const until = at(key, 'delivery.expires_at');
      const end = typeof until === 'number' ? ` until ${timeText(until)}` : '';
      return `${where}Whoever has the link can claim the key${end}, by: bpx keys claim <link>. Send it only where nobody else reads.`;
    }
    case 'jwe':
      return `${where}Only the holder of the private key can read it. If it is lost, revoke ${id} and issue another.`;
    case 'secrets_manager':
      return 'The key is in Secrets Manager, where its workload reads it. It is shown nowhere.';
    default:
      return 'There is no key in this answer.';
  }
}

interface SecretFile {
  /** Whether it could be written. */
  keep(secret: string): boolean;
  /** Removes it; it is this run's own. */
  discard(): void;
}

function openSecretFile(world: World, name: string): SecretFile {
  const file = path.resolve(world.cwd, name);
  const descriptor = openNew(file, name);
  return {
    keep: (secret) => {
      try {
        writeSync(descriptor, `${secret}\n`);
        return true;
      } catch {
        // A full disk must not lose the key: it is shown instead.
        return false;
      } finally {
        closeSync(descriptor);
      }
    },
    discard: () => rmSync(file, { force: true }),
  };
}

/** A file that is there is left alone: it may hold another key, and others may be able to read it. */
function openNew(file: string, name: string): number {
  try {
    return openSync(file, 'wx', 0o600);
  } catch (error) {
    const code = textAt(error, 'code');
    return refuseUsage(
      code === 'EEXIST'
        ? `${name} exists. Name a new file.`
        : `${name} cannot be written (${code ?? 'unknown'}).`,
    );
  }
}
