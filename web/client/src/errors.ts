// What can go wrong, as types that a caller can act on.

import type { ProblemDetails } from "./wire.js";

/** The server refused a request or a frame, and says why. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";

  constructor(readonly problem: ProblemDetails) {
    super(problem.detail);
  }

  /** Stable, to program against: `room-busy`, `unauthenticated`, … */
  get code(): string {
    return this.problem.code;
  }

  get retryable(): boolean {
    return this.problem.retryable;
  }
}

/** The server was not reached, or answered with something that is not its language. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/** The socket ended while something waited for an answer: whether it took effect is not known. */
export class DisconnectedError extends Error {
  override readonly name = "DisconnectedError";

  constructor(
    /** The close code of the WebSocket (RFC 6455, section 7.4). */
    readonly code: number,
    readonly reason: string,
  ) {
    super(`the connection ended: ${code} ${reason}`.trimEnd());
  }
}

/** Whether trying again without a change can help. */
export function mayPass(error: unknown): boolean {
  if (error instanceof ProblemError) return error.retryable;
  return error instanceof UnreachableError || error instanceof DisconnectedError;
}
