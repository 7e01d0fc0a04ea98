import { closeIds, editDistance } from '../../../shared/domain/close-ids.ts';

test.each([
  ['', '', 0],
  ['abc', 'abc', 0],
  ['', 'abc', 3],
  ['abc', '', 3],
  ['kitten', 'sitting', 3],
  ['flaw', 'lawn', 2],
])('%j becomes %j in %d steps', (from, to, steps) => {
  expect(editDistance(from, to)).toBe(steps);
});

test('the closest come first, and none that is not close', () => {
  const candidates = ['amazon.nova-pro', 'amazon.nova-lite', 'meta.llama', 'amazon.nova-light'];
  expect(closeIds('Amazon.nova-lit', { candidates, countMax: 2 })).toEqual([
    'amazon.nova-lite',
    'amazon.nova-light',
  ]);
  expect(closeIds('gpt-4o', { candidates, countMax: 5 })).toEqual([]);
});

test('what an id is a part of is close to it, however long, unless the part says nothing', () => {
  const candidates = ['eu.amazon.nova-lite-v1:0', 'meta.llama', 'amazon.nova-lite-v1:0'];
  expect(closeIds('Nova-Lite', { candidates, countMax: 5 })).toEqual([
    'amazon.nova-lite-v1:0',
    'eu.amazon.nova-lite-v1:0',
  ]);
  expect(closeIds('ova', { candidates, countMax: 5 })).toEqual([]);
  expect(closeIds('', { candidates, countMax: 5 })).toEqual([]);
});

test('an id of any length is answered without comparing it', () => {
  expect(closeIds('a'.repeat(2048), { candidates: ['a'.repeat(2048)], countMax: 5 })).toEqual([]);
});
