// Every wait of the tests has an end, and says what did not happen.

import { setTimeout as pause } from "node:timers/promises";

/** How long an event may take on a busy machine with debug builds, in milliseconds. */
export const WAIT_MS = 20_000;
/** How often a fact that tells nobody about itself is looked at, in milliseconds. */
const LOOK_MS = 20;

/** What the promise brings, or an error that names `what` after `limitMs`. */
export async function within(promise, what, limitMs = WAIT_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(missed(what, limitMs))), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Looks again and again until `look` brings something true, and brings that. Only for facts that
 * nobody announces: the locks of Postgres, the memory of a process.
 */
export async function until(look, what, limitMs = WAIT_MS) {
  const end = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error(missed(what, limitMs));
    await pause(LOOK_MS);
  }
}

function missed(what, limitMs) {
  const text = typeof what === "function" ? what() : what;
  return `did not happen within ${limitMs} ms: ${text}`;
}
