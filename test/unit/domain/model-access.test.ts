import { CATALOGUE } from '../../../shared/domain/catalogue.ts';
import { modelsOfKey, modelsOfRegion } from '../../../shared/domain/model-access.ts';

const prefixes = (region: string) =>
  new Set(
    modelsOfRegion(CATALOGUE, region).map(
      ({ id }) => /^(apac|au|eu|global|jp|us-gov|us)\./.exec(id)?.[1] ?? 'none',
    ),
  );

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

describe('the models of a key', () => {
  const ids = (patterns: readonly string[] | undefined) =>
    modelsOfKey(CATALOGUE, patterns).map(({ id }) => id);

  test('without patterns are all', () => {
    expect(ids(undefined)).toHaveLength(CATALOGUE.length);
  });

  test('are those named, exactly or by their beginning', () => {
    expect(ids(['amazon.nova-lite-v1:0'])).toEqual(['amazon.nova-lite-v1:0']);
    expect(ids(['amazon.nova-lite'])).toEqual([]);
    expect(ids(['amazon.*']).length).toBeGreaterThan(2);
    expect(ids(['amazon.*']).every((id) => id.startsWith('amazon.'))).toBe(true);
  });
});
