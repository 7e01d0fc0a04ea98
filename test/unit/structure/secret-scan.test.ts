import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { type KeyKind, mintKey } from '../../../shared/domain/api-key.ts';
import { newAccountRef, newKeyRef, newTenantRef } from '../../../shared/domain/ids.ts';

const ROOT = new URL('../../../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, ROOT), 'utf8');
const CONFIG = read('.gitleaks.toml');

/** The rules of the scanner's configuration, of which these tests need three lines each. */
const RULES = CONFIG.split('[[rules]]')
  .slice(1)
  .map((text) => ({
    id: /^id = "([^"]+)"$/m.exec(text)?.[1] ?? '',
    regex: new RegExp(/^regex = '''(.+)'''$/m.exec(text)?.[1] ?? '(?!)'),
    keywords: [...(/^keywords = \[(.+)\]$/m.exec(text)?.[1] ?? '').matchAll(/"([^"]+)"/g)].map(
      ([, word]) => word,
    ),
  }));

function mint(kind: KeyKind, environment: 'live' | 'test'): string {
  const tenant = newTenantRef(randomBytes);
  const key = newKeyRef(randomBytes, newAccountRef(randomBytes));
  return mintKey(randomBytes, { kind, environment, tenant, key }).text;
}

describe.each([
  ['bpk', 'bedrock-proxy-api-key'],
  ['bpa', 'bedrock-proxy-admin-key'],
  ['bpc', 'bedrock-proxy-claim-token'],
] as const)('a leaked %s', (kind, id) => {
  test.each(['live', 'test'] as const)(
    'of %s is found by one rule, whole, wherever it stands',
    (environment) => {
      for (let drawn = 0; drawn < 100; drawn += 1) {
        const key = mint(kind, environment);
        for (const line of [
          key,
          `OPENAI_API_KEY=${key}`,
          `"${key}",`,
          `…/claim#${key}\n`,
          `Bearer ${key} -H`,
          `key_${key}.txt`,
        ]) {
          // gitleaks looks for the words first, and runs the rule only where it finds one.
          const found = RULES.filter(({ keywords }) =>
            keywords.some((word) => line.includes(word ?? '')),
          ).filter(({ regex }) => regex.exec(line)?.[0] === key);
          expect(found.map((rule) => rule.id)).toEqual([id]);
        }
      }
    },
  );

  test('is not seen in what only begins like one, nor in what is shown of a key', () => {
    const key = mint(kind, 'test');
    for (const text of [
      key.slice(0, -1),
      `${key}x`,
      key.replace('_test_', '_prod_'),
      `${key.slice(0, 19)}…`,
    ]) {
      expect(RULES.filter(({ regex }) => regex.test(text))).toEqual([]);
    }
  });
});

test('the expression that SECURITY.md gives finds keys of every kind', () => {
  const text = /Keys match `([^`]+)`/.exec(read('SECURITY.md'))?.[1] ?? '(?!)';
  for (const kind of ['bpk', 'bpa', 'bpc'] as const)
    expect(mint(kind, 'live')).toMatch(new RegExp(`^${text}$`));
});

/** What is not kept: the stack's own keys lie there. */
const IGNORED = read('.gitignore')
  .split('\n')
  .filter((line) => line.endsWith('/'));

/** The files of the repository, also those that are about to be added. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(new URL(folder, ROOT), { withFileTypes: true }).flatMap((entry) => {
    if (entry.isFile()) return entry.name.startsWith('.env') ? [] : [folder + entry.name];
    const isKept = entry.isDirectory() && entry.name !== '.git' && !IGNORED.includes(`${entry.name}/`);
    return isKept ? filesIn(`${folder}${entry.name}/`) : [];
  });
}

test('no file of this repository holds anything that the rules find', () => {
  const files = filesIn('./');
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((file) => RULES.some(({ regex }) => regex.test(read(file))))).toEqual([]);
});
