// Errors in words.

import { type ProblemDetails, ProblemError, type StopReason } from "@maru/client";

import { kept } from "./kept.ts";
import type { Words } from "./words.ts";

/** What went wrong, for whoever looks at the page. */
export function inWords(error: unknown, words: Words): string {
  if (!(error instanceof ProblemError)) return words.problems["unreachable"]!;
  return problemInWords(error.problem, words);
}

/** The same of a problem that nobody threw. */
export function problemInWords(problem: Pick<ProblemDetails, "code" | "detail" | "errors" | "until">, words: Words): string {
  const { code, detail, errors = [], until } = problem;
  // What is wrong in a form only the server knows; for the rest there are words.
  const known = errors.length > 0 ? undefined : words.problems[code];
  const what = known ?? [detail, ...errors.map((each) => each.detail)].join(" ");
  return until === undefined ? what : `${what} ${words.until(momentOf(until))}`;
}

function momentOf(time: string): string {
  return new Intl.DateTimeFormat(kept.language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(time));
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
