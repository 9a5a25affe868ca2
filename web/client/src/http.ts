// One request, its answer or its problem.

import { ProblemError, UnreachableError } from "./errors.js";
import type { ProblemDetails } from "./wire.js";

/** How long an answer may take. */
const ANSWER_MS_MAX = 15_000;

export interface Request {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly body?: unknown;
}

/** The server's HTTP interface. */
export class Http {
  constructor(
    readonly base: string,
    readonly fetch: typeof globalThis.fetch = (...request) => globalThis.fetch(...request),
  ) {}

  /** The JSON of a good answer; throws what went wrong. */
  async json<T>(path: string, request: Request = {}): Promise<T> {
    const response = await this.#answer(path, request);
    const text = await response.text().catch(unreachable);
    if (response.ok) return (text === "" ? undefined : parsed(text)) as T;
    const problem = response.headers.get("content-type")?.includes("problem+json")
      ? (parsed(text) as ProblemDetails)
      : undefined;
    if (problem) throw new ProblemError(problem);
    throw new UnreachableError(`the server answered ${response.status}`);
  }

  #answer(path: string, { method = "GET", token, body }: Request): Promise<Response> {
    const headers: Record<string, string> = {};
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    const { fetch } = this;
    return fetch(new URL(path, this.base), {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      // The refresh cookie goes to the server of the page, and to another one that lists the page.
      credentials: "include",
      cache: "no-store",
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    }).catch(unreachable);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreachableError("the answer is not JSON");
  }
}

function unreachable(cause: unknown): never {
  throw new UnreachableError("the server cannot be reached", { cause });
}
