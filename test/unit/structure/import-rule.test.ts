import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { brokenImports, ROOMS } from '../../support/import-rule.ts';

const root = path.resolve(import.meta.dirname, '../../..');

function sources(): { file: string; text: string }[] {
  return ROOMS.filter((room) => existsSync(path.join(root, room))).flatMap((room) =>
    readdirSync(path.join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => path.posix.join(room, file.split(path.sep).join('/')))
      .map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') })),
  );
}

describe('the import rule', () => {
  test('holds in every source: imports point inward', () => {
    expect(sources().length).toBeGreaterThan(150);
    expect(sources().flatMap(brokenImports)).toEqual([]);
  });

  test.each([
    ['functions/proxy/routes.ts', '../key-issuer/wire.ts'],
    ['functions/proxy/admission.ts', '../../shared/aws/limits-store.ts'],
    ['functions/proxy/admission.ts', '@aws-sdk/client-dynamodb'],
    ['functions/proxy/admission.ts', '../../local/memory/limits-store.ts'],
    ['middleware/identity.ts', '../shared/aws/context-secret.ts'],
    ['middleware/identity.ts', '../functions/proxy/routes.ts'],
    ['shared/domain/usage.ts', '../ports.ts'],
    ['shared/domain/usage.ts', 'node:fs'],
    ['shared/http/message.ts', '../aws/dynamo.ts'],
    ['shared/aws/limits-store.ts', '../http/openai-error.ts'],
    ['shared/aws/limits-store.ts', '../../middleware/pipeline.ts'],
  ])('refuses that %s imports %s', (file, specifier) => {
    expect(brokenImports({ file, text: `import type { X } from '${specifier}';` })).toHaveLength(1);
  });

  test('lets a handler wire the adapters', () => {
    const text = "import { createTenancyStore } from '../../shared/aws/tenancy-store.ts';";
    expect(brokenImports({ file: 'functions/proxy/handler.ts', text })).toEqual([]);
  });
});
