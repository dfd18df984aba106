// Small statistics for paired benchmarks. Medians, because a shared machine's slow moments are outliers, not noise.

/** @param {number[]} values ascending @param {number} fraction 0..1 @returns {number} nearest-rank quantile */
export function quantileOfSorted(values, fraction) {
  if (values.length === 0) return Number.NaN;
  return values[Math.min(values.length - 1, Math.max(0, Math.ceil(fraction * values.length) - 1))];
}

/** @param {ArrayLike<number>} values in any order @returns {number[]} ascending copy */
export function sorted(values) {
  return Array.from(values).sort((a, b) => a - b);
}

/** @param {number[]} values @returns {number} the middle one, or the mean of the two middle ones; NaN for none */
export function median(values) {
  const ascending = sorted(values);
  const middle = ascending.length >> 1;
  if (ascending.length === 0) return Number.NaN;
  return ascending.length % 2 === 1 ? ascending[middle] : (ascending[middle - 1] + ascending[middle]) / 2;
}

/**
 * @typedef {{ median: number, min: number, max: number }} Spread
 * @param {number[]} values @returns {Spread}
 */
export function spread(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}
