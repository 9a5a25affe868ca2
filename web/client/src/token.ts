// The proof of who speaks.

/** An access token, and when to replace it. */
export interface Token {
  readonly accessToken: string;
  /** When it should be replaced, on the clock of `performance.now()`. */
  readonly renewAt: number;
}

/**
 * Brings a token at every connect and before one runs out. `worn` is one that the server does not
 * take any more: bring another. Where nobody is logged in it throws a `ProblemError` that is not
 * retryable.
 */
export type TokenProvider = (worn?: string) => Promise<Token>;

/** The part of its life after which a token is replaced. */
const RENEW_AT_SHARE = 0.75;

/** Tokens count in whole seconds: one may end so much earlier than it says. */
const ROUNDING_S = 1;

/**
 * A token of so many seconds that was asked for at `askedAt`, on the clock of `performance.now()`:
 * it may have been issued then already. The wall clock plays no part.
 */
export function freshToken(accessToken: string, lifeSeconds: number, askedAt: number): Token {
  const lifeMs = Math.max(0, lifeSeconds - ROUNDING_S) * 1000;
  return { accessToken, renewAt: askedAt + lifeMs * RENEW_AT_SHARE };
}

/** Whom a token is about (its claim `sub`); it is not checked, for it is one's own. */
export function subjectOf(accessToken: string): string | undefined {
  try {
    const payload = accessToken.split(".")[1] ?? "";
    const text = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    const { sub } = JSON.parse(text) as { sub?: unknown };
    return typeof sub === "string" ? sub : undefined;
  } catch {
    return undefined;
  }
}
