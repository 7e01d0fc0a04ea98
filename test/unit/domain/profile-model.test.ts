import { CATALOGUE, catalogueOf } from '../../../shared/domain/catalogue.ts';
import type { Model } from '../../../shared/domain/model.ts';
import { modelBehindProfile } from '../../../shared/domain/profile-model.ts';

const known = CATALOGUE.find(({ id }) => id === 'amazon.nova-lite-v1:0');
if (known?.price === undefined) throw new TypeError('The model is not in the catalogue.');

const model = (id: string, input = 1): Model => ({ ...known, id, price: { input, output: 2 } });
const unpriced = (id: string): Model => {
  const { price: _, ...rest } = model(id);
  return rest;
};
const arnsOf = (id: string, regions: readonly string[]) =>
  regions.map((region) => `arn:aws:bedrock:${region}::foundation-model/${id}`);
const EU = ['eu-central-1', 'eu-west-1', 'eu-north-1'];
const M = 'maker.model-v1:0';

describe('an application inference profile', () => {
  const FULL = [model(M), model(`eu.${M}`), model(`global.${M}`), model(`apac.${M}`), model(`jp.${M}`, 3)];

  test.each([
    ['of one region is the model of the region', ['eu-central-1'], M],
    ['of several is the system profile of their geography', EU, `eu.${M}`],
    ['that may run anywhere is the global one', ['eu-central-1', ''], `global.${M}`],
    ['that names no region at all is the global one', [''], `global.${M}`],
    [
      'of regions that no geography has together is the global one',
      ['eu-central-1', 'us-east-1'],
      `global.${M}`,
    ],
    ['that two geographies reach is the dearer', ['ap-northeast-1', 'ap-northeast-3'], `jp.${M}`],
    ['that one of two geographies reaches is that one', ['ap-northeast-1', 'ap-south-1'], `apac.${M}`],
  ])('%s', (_what, regions, expected) => {
    expect(modelBehindProfile(arnsOf(M, regions), FULL)).toBe(expected);
  });

  test('is never taken for a global one because that is dearer: permissions tell geographies apart', () => {
    const dear = [model(`eu.${M}`), model(`global.${M}`, 9)];
    expect(modelBehindProfile(arnsOf(M, EU), dear)).toBe(`eu.${M}`);
  });

  test('of one region whose model is offered by profiles alone is priced as the profile', () => {
    expect(modelBehindProfile(arnsOf(M, ['eu-central-1']), [model(`eu.${M}`)])).toBe(`eu.${M}`);
  });

  test.each([
    ['a model that the catalogue has not', arnsOf('maker.other', EU), FULL],
    ['two models', [...arnsOf(M, EU), ...arnsOf('maker.other', EU)], [...FULL, model('eu.maker.other')]],
    ['a model without a price', arnsOf(M, EU), [unpriced(`eu.${M}`)]],
    ['a model of one region without a price', arnsOf(M, ['eu-west-1']), [unpriced(M)]],
    [
      'a geography whose profile is not offered here',
      arnsOf(M, ['us-east-1', 'us-west-2']),
      [model(`eu.${M}`)],
    ],
    ['the model of the region alone, though it runs in several', arnsOf(M, EU), [model(M)]],
    ['nothing', [], FULL],
    ['something that is no foundation model', ['arn:aws:bedrock:eu-west-1:1:custom-model/x'], FULL],
  ])('is not priced where it leads to %s', (_what, arns, catalogue) => {
    expect(modelBehindProfile(arns, catalogue)).toBeUndefined();
  });
});

test('every system profile of a region with a price is found again behind a copy of it', () => {
  const catalogue = catalogueOf('us-east-1');
  const profiles = catalogue.filter(({ id }) => id.startsWith('us.'));
  expect(profiles.length).toBeGreaterThan(10);
  for (const { id } of profiles) {
    expect(modelBehindProfile(arnsOf(id.slice(3), ['us-east-1', 'us-east-2']), catalogue)).toBe(id);
  }
});
