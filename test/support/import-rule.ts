/**
 * The import rule: `handler.ts → middleware → shared/http → shared/domain`; `shared/aws → shared/ports →
 * shared/domain`; functions never import each other, and nothing that ships imports local/ or test/.
 */
import path from 'node:path';

/** Where the rule applies. */
export const ROOMS = ['functions', 'middleware', 'shared', 'local', 'cli', 'bench'] as const;

interface Rule {
  /** Files the rule is about. The first rule that matches a file decides. */
  readonly files: RegExp;
  /** What they may import: paths from the root, or package names. */
  readonly may: readonly RegExp[];
}

const DOMAIN_PACKAGES = /^(node:(crypto|zlib|buffer|net)|canonicalize|zod\/mini)$/;
const ownFolder = (file: string): RegExp => new RegExp(`^${file.split('/').slice(0, 2).join('/')}/`);

const RULES: readonly Rule[] = [
  { files: /^shared\/domain\//, may: [/^shared\/domain\//, DOMAIN_PACKAGES] },
  { files: /^shared\/http\//, may: [/^shared\/(http|domain)\//, /^shared\/ports\.ts$/, /^zod\/mini$/] },
  {
    files: /^shared\/aws\//,
    may: [/^shared\/(aws|domain)\//, /^shared\/(ports|config|log)\.ts$/, /^@(aws-sdk|smithy)\//, /^node:/],
  },
  { files: /^shared\/ports\.ts$/, may: [/^shared\/domain\//] },
  {
    files: /^shared\/keys\//,
    may: [/^shared\/(keys|domain)\//, /^shared\/(ports|decide-and-commit)\.ts$/, /^jose$/],
  },
  { files: /^shared\/[^/]+\.ts$/, may: [/^shared\/(ports\.ts|domain\/)/, /^zod\/mini$/] },
  {
    files: /^middleware\//,
    may: [
      /^middleware\//,
      /^shared\/(http|domain)\//,
      /^shared\/ports\.ts$/,
      /^(@middy\/.*|ulid|node:stream|aws-lambda)$/,
    ],
  },
  { files: /^functions\/[^/]+\/handler\.ts$/, may: [/^shared\//, /^node:crypto$/] },
  {
    files: /^functions\//,
    may: [
      /^middleware\//,
      /^shared\/(http|domain|keys)\//,
      /^shared\/(ports|every-tenant|share-work|decide-and-commit)\.ts$/,
      /^(zod\/mini|node:(crypto|timers\/promises|events)|aws-lambda)$/,
      /^resources\/api\/openapi\.generated\.json$/,
    ],
  },
  { files: /^local\//, may: [/^(local|shared|functions)\//, /^[^.]/] },
  // A client of the API alone: of the rest it knows ids and the chain's arithmetic, which are pure.
  { files: /^cli\//, may: [/^cli\//, /^shared\/domain\//, /^(openai|commander|node:.*)$/] },
  { files: /^bench\//, may: [/^/] },
];

const IMPORT =
  /(?:^|[\s;}])(?:import|export)\s[^'";]*?from\s*['"]([^'"]+)['"]|import\s*\(?\s*['"]([^'"]+)['"]/g;

/** The imports of a source that the rule forbids, as `file imports what`. */
export function brokenImports(source: { readonly file: string; readonly text: string }): readonly string[] {
  const rule = RULES.find(({ files }) => files.test(source.file));
  if (rule === undefined) return [`${source.file} has no place in the import rule`];
  const may = source.file.startsWith('functions/') ? [...rule.may, ownFolder(source.file)] : rule.may;
  return importsOf(source)
    .filter((imported) => !may.some((allowed) => allowed.test(imported)))
    .map((imported) => `${source.file} imports ${imported}`);
}

function importsOf(source: { readonly file: string; readonly text: string }): readonly string[] {
  return [...source.text.matchAll(IMPORT)]
    .map((match) => match[1] ?? match[2] ?? '')
    .map((specifier) =>
      specifier.startsWith('.') ? path.posix.join(path.posix.dirname(source.file), specifier) : specifier,
    );
}
