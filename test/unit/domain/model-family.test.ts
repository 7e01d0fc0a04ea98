import { findModel } from '../../../shared/domain/catalogue.ts';
import { CATALOGUE_ROWS } from '../../../shared/domain/catalogue-data.ts';
import { modelBehind } from '../../../shared/domain/model-access.ts';
import { FAMILIES, type ModelFamily } from '../../../shared/domain/model-family.ts';
import { pricesFor } from '../../../shared/domain/price.ts';

const families = (): readonly (readonly [string, ModelFamily])[] => Object.entries(FAMILIES);

test('every family has a model', () => {
  const used = new Set(CATALOGUE_ROWS.map(([, , family]) => family));
  expect(new Set(families().map(([name]) => name))).toEqual(used);
});

test('a model is of the same family in every region', () => {
  const byModel = Map.groupBy(CATALOGUE_ROWS, ([id]) => modelBehind(id));
  const torn = [...byModel].filter(([, rows]) => new Set(rows.map(([, , family]) => family)).size > 1);
  expect(torn).toEqual([]);
});

test('only Claude is spoken to in Claude’s own words', () => {
  for (const [name, { takes }] of families()) {
    const isClaude = name.startsWith('claude-');
    expect([name, takes.claudeFields]).toEqual([name, isClaude]);
    if (isClaude) continue;
    expect([name, takes.topK === 'claude', takes.reasoning.style.startsWith('claude')]).toEqual([
      name,
      false,
      false,
    ]);
    expect([name, takes.reasoningHistory, takes.nativeSchema === 'sanitised']).toEqual([name, false, false]);
  }
});

test('a family that holds no conversation takes nothing of one', () => {
  const others = families().filter(([, { mode }]) => mode !== 'chat');
  expect(others.map(([name]) => name)).toEqual([
    'cohere-embed',
    'nova-embed',
    'titan-embed',
    'nova-canvas',
    'stability',
  ]);
  for (const [, { takes }] of others) {
    expect(Object.values(takes).filter((value) => value === true)).toEqual([]);
  }
});

test('what a model keeps on request has a price, but for these in some profiles, where it is then not asked to', () => {
  const unpriced = CATALOGUE_ROWS.map(([id]) => findModel(id)).filter(
    (model) =>
      model?.takes.promptCache !== undefined &&
      (model.price === undefined ||
        pricesFor(model.price, { tier: 'standard', cacheWrites: '5m' }) === undefined),
  );
  expect(new Set(unpriced.map((model) => modelBehind(model?.id ?? '')))).toEqual(
    new Set([
      'amazon.nova-2-lite-v1:0',
      'amazon.nova-2-pro-preview-20251202-v1:0',
      'amazon.nova-lite-v1:0',
      'amazon.nova-micro-v1:0',
      'amazon.nova-pro-v1:0',
    ]),
  );
});
