import { parseDuration, parseTime, pastSeconds, secondsUntil } from '../../../cli/time.ts';

const NOW_MS = Date.UTC(2026, 0, 31, 12);
const HOUR_MS = 3_600_000;

describe('a time', () => {
  test.each([
    ['30s', { distanceMs: 30_000 }],
    ['12h', { distanceMs: 12 * HOUR_MS }],
    ['7d', { distanceMs: 168 * HOUR_MS }],
    ['2w', { distanceMs: 336 * HOUR_MS }],
    ['2026-01-31', { atMs: Date.UTC(2026, 0, 31) }],
    ['2026-01-31T09:00Z', { atMs: Date.UTC(2026, 0, 31, 9) }],
    ['2026-01-31T09:00:30.5+02:00', { atMs: Date.UTC(2026, 0, 31, 7, 0, 30, 500) }],
  ])('is read from %s', (text, time) => {
    expect(parseTime(text)).toEqual(time);
  });

  test.each([
    '',
    '7',
    'd',
    '7 d',
    '-7d',
    '7y',
    '2026-02-31',
    '2026-13-01',
    '2026-01-31T09:00',
    '2026-01-31T25:00Z',
    '31.1.2026',
  ])("is not '%s'", (text) => {
    expect(() => parseTime(text)).toThrow('such as');
  });

  test('of the past is counted back from now', () => {
    expect(pastSeconds({ distanceMs: HOUR_MS }, NOW_MS)).toBe(NOW_MS / 1000 - 3600);
    expect(pastSeconds({ atMs: NOW_MS - 1 }, NOW_MS)).toBe(NOW_MS / 1000 - 1);
  });

  test('of the future is never beyond what was asked for, nor now or before', () => {
    const until = (atMs: number) => secondsUntil({ atMs }, { option: '--expires-in', nowMs: NOW_MS });
    expect(until(NOW_MS + 1999)).toBe(1);
    expect(() => until(NOW_MS + 999)).toThrow('--expires-in must be in the future.');
    expect(() => until(NOW_MS - 1)).toThrow('--expires-in must be in the future.');
  });
});

test('a duration is no date', () => {
  expect(parseDuration('0s')).toBe(0);
  expect(() => parseDuration('2026-01-31')).toThrow('such as');
});
