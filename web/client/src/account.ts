// Who one is: signing up, logging in, and the token that follows from it.

import { Emitter } from "./emitter.js";
import { ProblemError, UnreachableError } from "./errors.js";
import { Http } from "./http.js";
import { type Token, freshToken } from "./token.js";
import type { Grant, User } from "./wire.js";

/** The Web Lock under which one tab at a time uses the refresh cookie. */
const REFRESH_LOCK = "maru-refresh";

export interface AccountOptions {
  /** The server, such as `https://chat.example.org`; by default that of the page. */
  readonly url?: string;
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * The user of this page. The access token stays in memory; what outlives the page is the refresh
 * cookie, which no script can read.
 */
export class Account extends Emitter<{ user: User | undefined }> {
  readonly #http: Http;
  #user: User | undefined;
  #token: Token | undefined;
  #renewal: Promise<Token> | undefined;

  constructor({ url = globalThis.location?.origin ?? "", fetch }: AccountOptions = {}) {
    super();
    this.#http = new Http(url, fetch);
  }

  /** Whoever is logged in or a guest. */
  get user(): User | undefined {
    return this.#user;
  }

  /** Whether a password stands behind the user. */
  get isGuest(): boolean {
    return this.#user !== undefined && this.#user.email === undefined;
  }

  /** Makes an account and logs in with it. */
  async signUp(email: string, password: string, nickname: string): Promise<User> {
    await this.#post("/auth/signup", { email, password, nickname });
    return this.logIn(email, password);
  }

  async logIn(email: string, password: string): Promise<User> {
    return this.#enter("/auth/login", { email, password });
  }

  /** Speaks under a name without an account, as somebody new. */
  async enterAsGuest(nickname: string): Promise<User> {
    return this.#enter("/auth/guest", { nickname });
  }

  /** Goes on with the session of an earlier page, where its cookie is still good. */
  async resume(): Promise<User | undefined> {
    try {
      await this.#refresh();
    } catch (error) {
      if (!isSignedOut(error)) throw error;
    }
    return this.#user;
  }

  /** Ends the session everywhere it is used; the page forgets it whatever the server says. */
  async logOut(): Promise<void> {
    const token = this.#token?.accessToken;
    this.#forget();
    await this.#http.json("/auth/logout", { method: "POST", token });
  }

  /** A good token; the provider that a client is given. */
  readonly token = async (worn?: string): Promise<Token> => {
    const kept = this.#token;
    const isGood = kept && kept.accessToken !== worn && performance.now() < kept.renewAt;
    if (isGood) return kept;
    this.#renewal ??= this.#renew().finally(() => (this.#renewal = undefined));
    return this.#renewal;
  };

  async #renew(): Promise<Token> {
    try {
      if (this.isGuest) await this.enterAsGuest(this.#user!.nickname);
      else await this.#refresh();
    } catch (error) {
      if (isSignedOut(error)) this.#forget();
      throw error;
    }
    return this.#token!;
  }

  /**
   * One refresh at a time over all tabs: the cookie that each of them sends is the one that the
   * last has brought.
   */
  async #refresh(): Promise<void> {
    const refresh = () => this.#enter("/auth/refresh");
    const locks = globalThis.navigator?.locks;
    await (locks ? locks.request(REFRESH_LOCK, refresh) : refresh());
  }

  async #enter(path: string, body?: unknown): Promise<User> {
    const askedAt = performance.now();
    const { accessToken, expiresIn, user } = await this.#post<Grant>(path, body);
    this.#token = freshToken(accessToken, expiresIn, askedAt);
    const isAnother = JSON.stringify(user) !== JSON.stringify(this.#user);
    this.#user = user;
    if (isAnother) this.emit("user", user);
    return user;
  }

  #forget(): void {
    this.#token = undefined;
    this.#user = undefined;
    this.emit("user", undefined);
  }

  #post<T>(path: string, body?: unknown): Promise<T> {
    return this.#http.json<T>(path, { method: "POST", body });
  }
}

/** Whether the server says that there is no session, and does not only fail to answer. */
export function isSignedOut(error: unknown): boolean {
  if (error instanceof UnreachableError) return false;
  return error instanceof ProblemError && (error.code === "unauthenticated" || error.code === "forbidden");
}
