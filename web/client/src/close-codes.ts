// What the end of a socket means for the next one.

/** What to do after a socket has ended. */
export type Verdict =
  /** Connect again after a growing wait, or after the one that the server advises. */
  | { readonly next: "retry"; readonly afterMs?: number }
  /** Connect again at once with another token. */
  | { readonly next: "renew" }
  /** Leave it: another attempt would end alike. */
  | { readonly next: "stop"; readonly why: StopReason };

/** Why a client does not try again by itself. */
export type StopReason =
  /** Nobody is logged in, or the session was ended elsewhere. */
  | "signed-out"
  /** The user has as many connections as one may have. */
  | "too-many-connections"
  /** This program and the server do not understand each other. */
  | "refused";

/** The server's advice in a close reason, such as `restart; retry-after-ms=420`. */
const ADVICE = /retry-after-ms=(\d{1,7})\b/;

/** Judges a close code (RFC 6455, section 7.4, and the server's own from 4000 on). */
export function judge(code: number, reason: string): Verdict {
  switch (code) {
    case 1002: // protocol
    case 1003: // unsupported data
    case 1007: // bad UTF-8
    case 1008: // policy, such as an origin that is not listed
    case 1009: // too big
      return { next: "stop", why: "refused" };
    case 4001: // not authenticated
    case 4002: // token expired
      return { next: "renew" };
    case 4003: // revoked
      return { next: "stop", why: "signed-out" };
    case 4012:
      return { next: "stop", why: "too-many-connections" };
    default: {
      // Restarts, overload, rate limits, slow readers, missed heart-beats and broken networks.
      const advised = ADVICE.exec(reason)?.[1];
      return advised === undefined
        ? { next: "retry" }
        : { next: "retry", afterMs: Number(advised) };
    }
  }
}
