/** The value below which a share (0 to 1) of the samples lies, by nearest rank. Throws where there are none. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((one, other) => one - other);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error('No samples were taken.');
  return value;
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);
