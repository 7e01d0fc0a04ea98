import fc from 'fast-check';
import { CATALOGUE } from '../../../shared/domain/catalogue.ts';
import type { Model } from '../../../shared/domain/model.ts';
import {
  MODEL_PERMISSIONS_BYTES_MAX,
  modelPermissionsFit,
  modelsOf,
  modelsOfRegion,
} from '../../../shared/domain/model-access.ts';

const PROFILE = /^(apac|au|ca|eu|global|jp|us-gov|us)\./;
const prefixes = (region: string) =>
  new Set(modelsOfRegion(CATALOGUE, region).map(({ id }) => PROFILE.exec(id)?.[1] ?? 'none'));

describe('the models of a region', () => {
  test.each([
    ['us-east-1', ['global', 'none', 'us']],
    ['eu-central-1', ['eu', 'global', 'none']],
    ['ap-northeast-1', ['apac', 'global', 'jp', 'none']],
    ['ap-southeast-2', ['apac', 'au', 'global', 'none']],
    ['sa-east-1', ['global', 'none']],
  ])('%s are those of its own profiles', (region, expected) => {
    expect([...prefixes(region)].sort()).toEqual(expected);
  });
});

describe('the models of a caller', () => {
  const ids = (caller: Parameters<typeof modelsOf>[1]) => modelsOf(CATALOGUE, caller).map(({ id }) => id);

  test('without lists are all', () => {
    expect(ids({})).toHaveLength(CATALOGUE.length);
  });

  test('are those named, exactly or by their beginning', () => {
    expect(ids({ models: ['amazon.nova-lite-v1:0'] })).toEqual(['amazon.nova-lite-v1:0']);
    expect(ids({ models: ['amazon.nova-lite'] })).toEqual([]);
    expect(ids({ models: ['amazon.*'] }).length).toBeGreaterThan(2);
    expect(ids({ models: ['amazon.*'] }).every((id) => id.startsWith('amazon.'))).toBe(true);
    expect(ids({ models: [] })).toEqual([]);
  });

  test('are those that the tenant permits too', () => {
    const allowing = { mode: 'allow_list', models: ['amazon.*'] } as const;
    const denying = { mode: 'deny_list', models: ['amazon.*'] } as const;
    expect(ids({ modelPermissions: allowing })).toEqual(ids({ models: ['amazon.*'] }));
    expect(ids({ modelPermissions: denying }).some((id) => id.includes('amazon.'))).toBe(false);
    expect(ids({ modelPermissions: denying }).length).toBeGreaterThan(2);
    expect(ids({ models: ['amazon.nova-lite-v1:0'], modelPermissions: denying })).toEqual([]);
    expect(ids({ modelPermissions: { mode: 'allow_list', models: [] } })).toEqual([]);
  });
});

describe('a list of denied models', () => {
  const callable = (models: readonly string[]) =>
    modelsOf(CATALOGUE, { modelPermissions: { mode: 'deny_list', models } }).map(({ id }) => id);

  test('denies a maker through every profile, and nobody else', () => {
    const left = callable(['anthropic.*']);
    expect(left.filter((id) => id.includes('anthropic.'))).toEqual([]);
    expect(left).toHaveLength(CATALOGUE.filter(({ id }) => !id.includes('anthropic.')).length);
    // A world in which no model has a profile would prove nothing.
    expect(prefixes('eu-central-1')).toContain('eu');
  });

  test('leaves no way to a model, whichever profile leads to it', () => {
    const bare = [...new Set(CATALOGUE.map(({ id }) => id.replace(PROFILE, '')))];
    fc.assert(
      fc.property(
        fc.constantFrom(...bare),
        fc.constantFrom('', 'apac.', 'au.', 'ca.', 'eu.', 'global.', 'jp.', 'us.', 'us-gov.'),
        fc.nat(),
        (model, profile, cut) => {
          const beginning = 1 + (cut % model.length);
          for (const pattern of [model, `${model.slice(0, beginning)}*`]) {
            const permissions = { mode: 'deny_list', models: [pattern] } as const;
            const one = { ...CATALOGUE[0], id: `${profile}${model}` } as Model;
            expect(modelsOf([one], { modelPermissions: permissions })).toEqual([]);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('may deny one profile and leave the others', () => {
    const [id] = CATALOGUE.map((model) => model.id).filter((one) => one.startsWith('eu.anthropic.'));
    if (id === undefined) throw new Error('The catalogue has no such profile.');
    expect(callable(['eu.*']).filter((one) => one.endsWith(id.slice(3)))).toEqual(
      CATALOGUE.map((model) => model.id).filter((one) => one.endsWith(id.slice(3)) && one !== id),
    );
  });
});

test('a list of allowed models opens no profile that it does not name', () => {
  const models = modelsOf(CATALOGUE, { modelPermissions: { mode: 'allow_list', models: ['anthropic.*'] } });
  expect(models.every(({ id }) => id.startsWith('anthropic.'))).toBe(true);
});

describe("a tenant's list of models", () => {
  const listOf = (bytes: number) => {
    const empty = JSON.stringify({ mode: 'allow_list', models: [''] }).length;
    return { mode: 'allow_list', models: ['m'.repeat(bytes - empty)] } as const;
  };

  test('fits a request up to its bound and no byte further', () => {
    expect(modelPermissionsFit(listOf(MODEL_PERMISSIONS_BYTES_MAX))).toBe(true);
    expect(modelPermissionsFit(listOf(MODEL_PERMISSIONS_BYTES_MAX + 1))).toBe(false);
  });
});
