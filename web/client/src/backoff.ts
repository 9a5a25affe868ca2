// How long to wait before the next attempt.

const FIRST_MS = 300;
const MOST_MS = 20_000;

/**
 * The wait before attempt `n` (0 is the first repeat): doubling, bounded, and scattered over its
 * upper half, so that the clients of a server that comes back do not come all at once.
 */
export function backoffMs(n: number, random: () => number): number {
  const most = Math.min(MOST_MS, FIRST_MS * 2 ** n);
  return most * (0.5 + random() / 2);
}

/** The wait that the server advised, a little scattered, never shorter. */
export function advisedMs(advised: number, random: () => number): number {
  return advised + random() * FIRST_MS;
}
