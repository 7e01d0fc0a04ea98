/** Times and durations as they are typed. */
import { InvalidArgumentError } from 'commander';
import { refuseUsage } from './failure.ts';

const UNITS_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const DURATION = /^(\d{1,9})([smhdw])$/;
/** ISO 8601: a date, which is its midnight in UTC, or a date and time with its zone, since a laptop's would be a guess. */
const DATE = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** A moment, or a distance from now, in ms; which way is up to the option. */
export type Time = { readonly atMs: number } | { readonly distanceMs: number };

/** Parses an option's argument as a date or a duration. */
export function parseTime(text: string): Time {
  const distanceMs = durationMs(text);
  if (distanceMs !== undefined) return { distanceMs };
  const atMs = dateMs(text);
  if (atMs !== undefined) return { atMs };
  throw new InvalidArgumentError(
    'Write a duration such as 7d or 12h, or a date such as 2026-01-31 or 2026-01-31T09:00Z.',
  );
}

/** Parses an option's argument as a duration, in ms; nothing has the same length in every unit. */
export function parseDuration(text: string): number {
  const ms = text === '0' ? 0 : durationMs(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError('Write a duration such as 30m, 12h or 7d.');
}

function durationMs(text: string): number | undefined {
  const [, count, unit] = DURATION.exec(text) ?? [];
  return unit === undefined || !isUnit(unit) ? undefined : Number(count) * UNITS_MS[unit];
}

const isUnit = (text: string): text is keyof typeof UNITS_MS => Object.hasOwn(UNITS_MS, text);

/** Undefined also for a day that its month does not have, which `Date` would take for one of the next. */
function dateMs(text: string): number | undefined {
  const [, day = ''] = DATE.exec(text) ?? [];
  const midnight = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || midnight.toISOString().slice(0, 10) !== day) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** A time of the past in Unix seconds: a duration counts back from now. */
export const pastSeconds = (time: Time, nowMs: number): number =>
  Math.floor(('atMs' in time ? time.atMs : nowMs - time.distanceMs) / 1000);

/** How many whole seconds it is until then, at least 1. */
export function secondsUntil(time: Time, of: { readonly option: string; readonly nowMs: number }): number {
  const ms = 'atMs' in time ? time.atMs - of.nowMs : time.distanceMs;
  if (ms >= 1000) return Math.floor(ms / 1000);
  return refuseUsage(`${of.option} must be in the future.`);
}
