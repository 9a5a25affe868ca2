// One STOMP connection, from CONNECT to its end.

import { Client, type IFrame, type IMessage, Versions } from "@stomp/stompjs";

import { DisconnectedError, ProblemError } from "./errors.js";
import { AUTH, CHAT, DELETE, EDIT, ERRORS, type ProblemDetails, type Receipt } from "./wire.js";

/** Makes the socket; by default a `WebSocket`. */
export type SocketFactory = (url: string, protocols: string[]) => WebSocket;

/** How long the server may take to let somebody in, in milliseconds. */
const CONNECT_MS_MAX = 15_000;
/** How long it may take to answer a frame before the connection counts as dead. */
const ANSWER_MS_MAX = 30_000;
/** How long an answer may take that only shows that somebody is there. */
const PROBE_MS_MAX = 4_000;
/** How often the server is asked to show that it is there (STOMP 1.2, "Heart-beating"). */
const HEARTBEAT_IN_MS = 10_000;
/** Browsers let the timers of a hidden page run late: what is promised is less. */
const HEARTBEAT_OUT_MS = 25_000;

/** The end of a connection. */
export interface End {
  readonly code: number;
  readonly reason: string;
}

type Answer = { resolve(headers: Record<string, string>): void; reject(error: Error): void };

export class Connection {
  readonly closed: Promise<End>;
  /** What this connection speaks under. */
  token: string | undefined;
  readonly #stomp: Client;
  readonly #answers = new Map<string, Answer>();
  /** Who is told where the server ends a subscription, by its id. */
  readonly #endings = new Map<string, (why: ProblemError) => void>();
  #counter = 0;
  #end: End | undefined;
  #settleClosed!: (end: End) => void;

  /** Resolves once the server has let us in. */
  static async open(
    url: string,
    token: string | undefined,
    socket: SocketFactory,
  ): Promise<Connection> {
    const connection = new Connection(url, token, socket);
    await connection.#connects();
    await connection.subscribe(ERRORS, {}, (message) => connection.#hearProblem(message));
    return connection;
  }

  private constructor(url: string, token: string | undefined, socket: SocketFactory) {
    this.token = token;
    this.closed = new Promise((resolve) => (this.#settleClosed = resolve));
    const stompVersions = new Versions([Versions.V1_2]);
    this.#stomp = new Client({
      webSocketFactory: () => socket(url, stompVersions.protocolVersions()),
      stompVersions,
      connectHeaders: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      reconnectDelay: 0,
      heartbeatIncoming: HEARTBEAT_IN_MS,
      heartbeatOutgoing: HEARTBEAT_OUT_MS,
      // A dead connection is given up without a farewell that nobody would answer.
      discardWebsocketOnCommFailure: true,
    });
    this.#stomp.onWebSocketClose = ({ code, reason }: CloseEvent) =>
      this.#ends({ code: code ?? 1006, reason: reason ?? "" });
    this.#stomp.onUnhandledReceipt = (frame) => this.#settle(frame);
  }

  async #connects(): Promise<void> {
    const connected = new Promise<void>((resolve) => (this.#stomp.onConnect = () => resolve()));
    const lost = this.closed.then(({ code, reason }) => {
      throw new DisconnectedError(code, reason);
    });
    this.#stomp.activate();
    await this.#within(CONNECT_MS_MAX, Promise.race([connected, lost]));
  }

  /**
   * Resolves once the subscription is in effect; `hear` takes every message of it, and `end` why the
   * server ended it, if it does.
   */
  async subscribe(
    destination: string,
    headers: Record<string, string>,
    hear: (message: IMessage) => void,
    end: (why: ProblemError) => void = () => {},
  ): Promise<() => void> {
    const receipt = this.#receipt();
    const answer = this.#answer(receipt);
    const subscription = this.#stomp.subscribe(destination, hear, { ...headers, receipt });
    const { id } = subscription;
    this.#endings.set(id, end);
    await this.#within(ANSWER_MS_MAX, answer);
    return () => {
      if (this.#endings.delete(id) && this.isOpen) subscription.unsubscribe();
    };
  }

  /** Sends a message; resolves once it is stored. */
  async say(body: object): Promise<Receipt> {
    const headers = await this.#send(CHAT, body, ANSWER_MS_MAX);
    return {
      id: headers["message-id"]!,
      tempId: headers["temp-id"]!,
      seq: Number(headers["seq"]),
      createdAt: headers["created-at"]!,
      duplicate: headers["duplicate"] === "true",
    };
  }

  /** Gives a message another content; resolves once that is stored. */
  async edit(body: object): Promise<void> {
    await this.#send(EDIT, body, ANSWER_MS_MAX);
  }

  /** Deletes a message; resolves once that is stored. */
  async delete(body: object): Promise<void> {
    await this.#send(DELETE, body, ANSWER_MS_MAX);
  }

  /** Says that one writes, or has stopped: a hint, which nobody answers. */
  hint(destination: string, body: object): void {
    if (!this.isOpen) return;
    this.#stomp.publish({ destination, body: JSON.stringify(body), headers: { "content-type": "application/json" } });
  }

  /** Goes on under a newer token of the same user. */
  async renew(accessToken: string): Promise<void> {
    await this.#send(AUTH, { accessToken }, ANSWER_MS_MAX);
    this.token = accessToken;
  }

  /** Sees whether somebody is there; ends the connection where nobody is. */
  async probe(): Promise<void> {
    // The token that the server has already: it answers and nothing changes.
    const answer = this.token === undefined ? this.#nothing() : this.#probeByToken(this.token);
    // Whatever is wrong ends the connection, and that is the news.
    await answer.catch(() => {});
  }

  get isOpen(): boolean {
    return this.#end === undefined && this.#stomp.connected;
  }

  /** Says goodbye where that is possible, and ends. */
  close(): void {
    this.#stomp.deactivate().catch(() => {});
    this.#ends({ code: 1000, reason: "left" });
  }

  /** Ends without a word. */
  discard(reason: string): void {
    if (this.#end) return;
    this.#stomp.deactivate({ force: true }).catch(() => {});
    this.#ends({ code: 1006, reason });
  }

  async #probeByToken(accessToken: string): Promise<void> {
    await this.#send(AUTH, { accessToken }, PROBE_MS_MAX);
  }

  async #nothing(): Promise<void> {
    const listening = this.subscribe("/user/queue/probe", {}, () => {});
    const unsubscribe = await this.#within(PROBE_MS_MAX, listening);
    unsubscribe();
  }

  async #send(destination: string, body: object, limitMs: number): Promise<Record<string, string>> {
    const receipt = this.#receipt();
    const answer = this.#answer(receipt);
    if (this.isOpen) {
      this.#stomp.publish({
        destination,
        body: JSON.stringify(body),
        headers: { receipt, "content-type": "application/json" },
      });
    }
    return this.#within(limitMs, answer);
  }

  #receipt(): string {
    return `r-${++this.#counter}`;
  }

  #answer(receipt: string): Promise<Record<string, string>> {
    if (this.#end) return Promise.reject(new DisconnectedError(this.#end.code, this.#end.reason));
    return new Promise<Record<string, string>>((resolve, reject) => {
      this.#answers.set(receipt, { resolve, reject });
    });
  }

  #settle({ headers }: IFrame): void {
    this.#take(headers["receipt-id"])?.resolve(headers);
  }

  #hearProblem({ headers, body }: IMessage): void {
    const problem = new ProblemError(JSON.parse(body) as ProblemDetails);
    this.#take(headers["receipt-id"])?.reject(problem);
    const ended = headers["ended-subscription"];
    if (ended === undefined) return;
    const end = this.#endings.get(ended);
    this.#endings.delete(ended);
    end?.(problem);
  }

  #take(receipt: string | undefined): Answer | undefined {
    if (receipt === undefined) return undefined;
    const answer = this.#answers.get(receipt);
    this.#answers.delete(receipt);
    return answer;
  }

  /** What the promise brings; a server that takes too long is gone. */
  async #within<T>(limitMs: number, promise: Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.discard("no answer"), limitMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #ends(end: End): void {
    if (this.#end) return;
    this.#end = end;
    const lost = new DisconnectedError(end.code, end.reason);
    for (const answer of this.#answers.values()) answer.reject(lost);
    this.#answers.clear();
    this.#settleClosed(end);
  }
}
