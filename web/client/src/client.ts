// The client: one connection that comes back, the rooms on it, and what waits to be sent.

import { advisedMs, backoffMs } from "./backoff.js";
import { type StopReason, type Verdict, judge } from "./close-codes.js";
import { Connection, type SocketFactory } from "./connection.js";
import { Emitter } from "./emitter.js";
import { Directory } from "./directory.js";
import { DisconnectedError, ProblemError, mayPass } from "./errors.js";
import { Http, type Request } from "./http.js";
import { Outbox, type OutboxHost } from "./outbox.js";
import { type Entry, type OutboxStore, bestOutboxStore } from "./outbox-store.js";
import { Room, type RoomHost, type Sending } from "./room.js";
import type { Author } from "./timeline.js";
import { type TokenProvider, subjectOf } from "./token.js";
import {
  CONTENT_CHARS_MAX,
  type Message,
  OWN_READS,
  OWN_ROOMS,
  type OwnRoomNews,
  type Page,
  type ReadPosition,
  type Receipt,
  type User,
} from "./wire.js";

/** How long a connection has to last for the next break to count as the first. */
const STABLE_MS = 5_000;
/** How soon after a failed attempt a token is asked for again. */
const RENEWAL_RETRY_MS = 1_000;
const TIMER_SLACK_MS = 10;
/** How long a connection that is to be replaced may go on to wait for answers. */
const REST_MS_MAX = 5_000;
/** In whose name guests of this browser keep what they could not send. */
const GUESTS = "guests";

/** Who speaks. An `Account` is one. */
export interface Identity {
  readonly user: User | undefined;
  readonly token: TokenProvider;
}

export interface ClientOptions {
  /** The server, such as `https://chat.example.org`; by default that of the page. */
  readonly url?: string;
  /** Who speaks; asked for a token at every connect and before one runs out. */
  readonly account?: Identity;
  /** The name to speak under without an identity, where the server has `AUTH_MODE=optional`. */
  readonly nickname?: string;
  /** Where messages wait; by default IndexedDB, or memory where there is none. */
  readonly outbox?: OutboxStore;
  /** Makes sockets; by default the browser's. */
  readonly socket?: SocketFactory;
  readonly fetch?: typeof globalThis.fetch;
  readonly random?: () => number;
}

export type Status =
  | { readonly state: "idle" }
  | { readonly state: "connecting" }
  | { readonly state: "online" }
  /** The next attempt comes after so many milliseconds, or sooner by `connect()`. */
  | { readonly state: "waiting"; readonly retryMs: number }
  | { readonly state: "stopped"; readonly why: StopReason };

/**
 * `rooms` says what became of one in a room, and `read` up to where one has read on another device, as
 * far as one is connected.
 */
export type ClientEvents = { status: Status; rooms: OwnRoomNews; read: ReadPosition };

/**
 * A client of Maru.
 *
 * It keeps one connection: it comes back after every break, by itself where that can help. Its rooms
 * stay complete meanwhile, and what is said while it is away is sent when it is back.
 */
export class MaruClient extends Emitter<ClientEvents> {
  /** The rooms that were made, and who is in them. */
  readonly directory = new Directory((path, request) => this.#ask(path, request));
  readonly #options: ClientOptions;
  readonly #url: string;
  readonly #http: Http;
  readonly #socket: SocketFactory;
  readonly #random: () => number;
  readonly #rooms = new Map<string, Room>();
  readonly #outbox: Outbox;
  /** Everyone as whom this client has spoken: a guest is somebody new under each token. */
  readonly #ownIds = new Set<string>();
  #speaker: string | undefined;
  #connection: Connection | undefined;
  /** Takes no more sends, for it is about to be replaced. */
  #isBeingReplaced = false;
  #status: Status = { state: "idle" };
  #isWanted = false;
  #wake: (() => void) | undefined;
  #unwatch: (() => void) | undefined;

  constructor(options: ClientOptions) {
    super();
    this.#options = options;
    this.#url = options.url ?? globalThis.location.origin;
    this.#http = new Http(this.#url, options.fetch);
    this.#socket = options.socket ?? ((url, protocols) => new WebSocket(url, protocols));
    this.#random = options.random ?? Math.random;
    const user = options.account?.user;
    if (options.account && !user) throw new Error("nobody is logged in");
    if (user) this.#speaksAs(user.id);
    const owner = user?.email === undefined ? GUESTS : user.id;
    this.#outbox = new Outbox(this.#outboxHost(), options.outbox ?? bestOutboxStore(), owner);
  }

  get status(): Status {
    return this.#status;
  }

  /** Connects, and again after every break; at once where an attempt waits. */
  connect(): void {
    if (this.#isWanted) return this.#wake?.();
    this.#isWanted = true;
    this.#unwatch = this.#watchBrowser();
    void this.#live();
  }

  /** Leaves. What waits to be sent is kept. */
  disconnect(): void {
    this.#isWanted = false;
    this.#unwatch?.();
    this.#connection?.close();
    this.#wake?.();
  }

  /** Enters a room, or brings the one that one is in already. */
  openRoom(id: string): Room {
    let room = this.#rooms.get(id);
    if (room) return room;
    room = new Room(id, this.#roomHost());
    this.#rooms.set(id, room);
    for (const entry of this.#outbox.of(id)) room.show(entry);
    if (this.#connection) void room.join(this.#connection);
    return room;
  }

  async #live(): Promise<void> {
    let worn: string | undefined;
    for (let failures = 0; this.#isWanted; ) {
      this.#becomes({ state: "connecting" });
      const began = performance.now();
      const { verdict, token } = await this.#once(worn);
      if (!this.#isWanted) break;
      if (performance.now() - began > STABLE_MS) failures = 0;
      if (verdict.next === "stop") return this.#stops(verdict.why);
      if (verdict.next === "renew") {
        // A fresh token that is not taken either does not get better.
        if (token === undefined || (worn !== undefined && failures > 0)) {
          return this.#stops("signed-out");
        }
        worn = token;
        failures += 1;
        continue;
      }
      worn = undefined;
      if (this.#isBeingReplaced) {
        this.#isBeingReplaced = false;
        continue;
      }
      const { afterMs } = verdict;
      await this.#waits(
        afterMs === undefined
          ? backoffMs(failures, this.#random)
          : advisedMs(afterMs, this.#random),
      );
      failures += 1;
    }
    this.#becomes({ state: "idle" });
  }

  /** One connection from its token to its end: what comes next. */
  async #once(worn: string | undefined): Promise<{ verdict: Verdict; token?: string | undefined }> {
    let token: string | undefined;
    try {
      const { account } = this.#options;
      const brought = await account?.token(worn);
      token = brought?.accessToken;
      if (token !== undefined) this.#speaksAs(subjectOf(token));
      const connection = await Connection.open(socketUrl(this.#url), token, this.#socket);
      if (!this.#isWanted) connection.close();
      const renewal = this.#keepsToken(connection, brought?.renewAt);
      this.#enters(connection);
      const { code, reason } = await connection.closed;
      renewal();
      return { verdict: judge(code, reason), token };
    } catch (error) {
      return { verdict: judgeFailure(error), token };
    } finally {
      this.#leaves();
    }
  }

  #enters(connection: Connection): void {
    this.#connection = connection;
    this.#becomes({ state: "online" });
    for (const room of this.#rooms.values()) void room.join(connection);
    this.#outbox.pumpAll();
    // A hint: who hears nothing of it asks the directory.
    for (const [queue, name] of [[OWN_ROOMS, "rooms"], [OWN_READS, "read"]] as const) {
      connection.subscribe(queue, {}, ({ body }) => this.emit(name, JSON.parse(body))).catch(() => {});
    }
  }

  #leaves(): void {
    if (!this.#connection) return;
    this.#connection = undefined;
    for (const room of this.#rooms.values()) room.lost();
  }

  /** Brings the connection a newer token before its own runs out; the result ends that. */
  #keepsToken(connection: Connection, renewAt: number | undefined): () => void {
    const account = this.#options.account;
    if (!account || renewAt === undefined) return () => {};
    let timer: ReturnType<typeof setTimeout>;
    const renew = async () => {
      try {
        const { accessToken, renewAt } = await account.token();
        if (!connection.isOpen) return;
        if (subjectOf(accessToken) === this.#speaker) await connection.renew(accessToken);
        else return void (await this.#replaces(connection));
        schedule(renewAt);
      } catch (error) {
        if (!connection.isOpen) return;
        // Whoever is signed out is told so by the next attempt to connect.
        if (mayPass(error)) schedule(performance.now() + RENEWAL_RETRY_MS);
        else connection.discard("no token");
      }
    };
    const schedule = (at: number) => {
      // A timer may be early by a little, and the token would not be due.
      timer = setTimeout(renew, Math.max(0, at - performance.now()) + TIMER_SLACK_MS);
    };
    schedule(renewAt);
    return () => clearTimeout(timer);
  }

  /** Ends a connection in good order for one under another name. */
  async #replaces(connection: Connection): Promise<void> {
    this.#isBeingReplaced = true;
    await Promise.race([this.#outbox.atRest(), pause(REST_MS_MAX)]);
    connection.close();
  }

  async #waits(ms: number): Promise<void> {
    this.#becomes({ state: "waiting", retryMs: ms });
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  #stops(why: StopReason): void {
    this.#isWanted = false;
    this.#unwatch?.();
    this.#becomes({ state: "stopped", why });
  }

  /** Looks at the connection when the browser says that something has changed. */
  #watchBrowser(): () => void {
    if (typeof document === "undefined") return () => {};
    const look = () => {
      if (document.visibilityState === "hidden") return;
      this.#wake?.();
      void this.#connection?.probe();
    };
    globalThis.addEventListener("online", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      globalThis.removeEventListener("online", look);
      document.removeEventListener("visibilitychange", look);
    };
  }

  #page(roomId: string, query: Record<string, number>): Promise<Page> {
    const numbers = Object.entries(query).map(([name, value]) => [name, String(value)]);
    return this.#ask<Page>(`/${encodeURIComponent(roomId)}/messages?${new URLSearchParams(numbers)}`);
  }

  /** Asks under one's own token, once more under another where it is not taken any more. */
  async #ask<T>(path: string, request: Request = {}): Promise<T> {
    const { account } = this.#options;
    const token = (await account?.token())?.accessToken;
    try {
      return await this.#http.json<T>(path, { ...request, token });
    } catch (error) {
      const isWorn = error instanceof ProblemError && error.code === "unauthenticated";
      if (!account || !isWorn) throw error;
      const { accessToken } = await account.token(token);
      return this.#http.json<T>(path, { ...request, token: accessToken });
    }
  }

  #speaksAs(id: string | undefined): void {
    this.#speaker = id;
    if (id !== undefined) this.#ownIds.add(id);
  }

  #becomes(status: Status): void {
    this.#status = status;
    this.emit("status", status);
  }

  #author(): Author {
    const nickname = this.#options.account?.user?.nickname ?? this.#options.nickname ?? "";
    return { nickname, id: this.#speaker };
  }

  #isMine({ senderId, sender }: Message): boolean {
    if (senderId !== undefined) return this.#ownIds.has(senderId);
    return this.#speaker === undefined && sender === this.#options.nickname;
  }

  /** What the rooms see of this client. */
  #roomHost(): RoomHost {
    const client = this;
    return {
      get connection() {
        return client.#connection;
      },
      get author() {
        return client.#author();
      },
      isMine: (message) => client.#isMine(message),
      heard: (message) => {
        if (client.#isMine(message)) client.#outbox.heard(message);
      },
      page: (roomId, query) => client.#page(roomId, query),
      say: (roomId, content): Sending => client.#outbox.add(roomId, content),
      again: (tempId) => client.#outbox.again(tempId),
      discard: (tempId) => client.#outbox.discard(tempId),
      closed: (room) => void client.#rooms.delete(room.id),
      random: client.#random,
    };
  }

  /** What the outbox sees of it. */
  #outboxHost(): OutboxHost {
    const client = this;
    return {
      get connection() {
        return client.#isBeingReplaced ? undefined : client.#connection;
      },
      get speaker() {
        return client.#speaker;
      },
      get nickname() {
        return client.#options.account ? undefined : client.#options.nickname;
      },
      page: (roomId, query) => client.#page(roomId, query),
      position: (roomId) => client.#rooms.get(roomId)?.position,
      shown: (entry: Entry) => client.#rooms.get(entry.roomId)?.show(entry),
      settled: (entry: Entry, receipt: Receipt) => client.#rooms.get(entry.roomId)?.settle(receipt),
      withdrawn: (entry: Entry) => client.#rooms.get(entry.roomId)?.withdraw(entry.tempId),
      random: client.#random,
    };
  }
}

/** Whether a text can be a message: not blank and not too long. */
export function isSayable(content: string): boolean {
  return content.trim() !== "" && [...content].length <= CONTENT_CHARS_MAX;
}

function judgeFailure(error: unknown): Verdict {
  if (error instanceof DisconnectedError) return judge(error.code, error.reason);
  if (error instanceof ProblemError && !error.retryable) return { next: "stop", why: "signed-out" };
  const afterMs = error instanceof ProblemError ? error.problem.retryAfterMs : undefined;
  return afterMs === undefined ? { next: "retry" } : { next: "retry", afterMs };
}

function socketUrl(base: string): string {
  const url = new URL("/ws", base);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
