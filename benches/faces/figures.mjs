// Medians and percentiles, and how to print them.

/**
 * @param {number[]} times
 * @param {number} share
 */
export function percentile(times, share) {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export const median = (/** @type {number[]} */ times) => percentile(times, 0.5);

const shown = (/** @type {number} */ ms) => `${ms.toFixed(ms < 10 ? 1 : 0).padStart(6)} ms`;

/**
 * One line: ours and the peer's, p50 and p95, and the ratio of the p50s.
 * @param {string} what
 * @param {number[]} ours
 * @param {number[]} [peer]
 */
export function report(what, ours, peer) {
  const pair = (/** @type {number[]} */ times) => `${shown(median(times))} (p95 ${shown(percentile(times, 0.95)).trim()})`;
  const beside = peer ? `   peer ${pair(peer)}   ×${(median(ours) / median(peer)).toFixed(2)}` : "";
  console.log(`  ${what.padEnd(34)} ${pair(ours)}${beside}`);
}
