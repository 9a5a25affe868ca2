// Errors in words.

import { ProblemError, type StopReason } from "@maru/client";

import type { Words } from "./words.ts";

/** What went wrong, for whoever looks at the page. */
export function inWords(error: unknown, words: Words): string {
  if (!(error instanceof ProblemError)) return words.problems["unreachable"]!;
  const { code, detail, errors = [] } = error.problem;
  // What is wrong in a form only the server knows; for the rest there are words.
  const known = errors.length > 0 ? undefined : words.problems[code];
  return known ?? [detail, ...errors.map((each) => each.detail)].join(" ");
}

/** Why the page does not try again by itself. */
export function whyStopped(why: StopReason, words: Words): string {
  switch (why) {
    case "signed-out":
      return words.signedOut;
    case "too-many-connections":
      return words.tooMany;
    case "refused":
      return words.refused;
  }
}
