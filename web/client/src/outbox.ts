// Messages on their way: sent until the server says that they are stored, or why it will not.

import { backoffMs } from "./backoff.js";
import type { Connection } from "./connection.js";
import { DisconnectedError, ProblemError, mayPass } from "./errors.js";
import type { Entry, OutboxStore } from "./outbox-store.js";
import type { Sending } from "./room.js";
import type { Message, Page, Receipt } from "./wire.js";

/** How long a message may take to be stored after its connection broke, and more. */
const SETTLED_MS = 10_000;
/** How many pages are searched for a message of which nobody knows whether it is stored. */
const SEARCH_PAGES_MAX = 20;
const SEARCH_PAGE_MESSAGES = 200;

/** What an outbox needs of its client. */
export interface OutboxHost {
  readonly connection: Connection | undefined;
  /** As whom a message is sent now; undefined where nobody knows. */
  readonly speaker: string | undefined;
  /** The name that a message carries where the connection has no identity. */
  readonly nickname: string | undefined;
  page(roomId: string, query: Record<string, number>): Promise<Page>;
  /** The number up to which everything in a room was heard. */
  position(roomId: string): number | undefined;
  shown(entry: Entry): void;
  settled(entry: Entry, receipt: Receipt): void;
  withdrawn(entry: Entry): void;
  random(): number;
}

/**
 * Keeps what was said until it is stored. A room's messages go out one after the other, so that
 * they are stored in the order in which they were said, whatever breaks in between; an attempt is
 * repeated under the same tempId, so that it is stored once.
 */
export class Outbox {
  readonly #host: OutboxHost;
  readonly #store: OutboxStore;
  readonly #owner: string;
  readonly #entries = new Map<string, Entry>();
  readonly #waiting = new Map<string, { resolve(receipt: Receipt): void; reject(error: Error): void }>();
  readonly #pumps = new Map<string, Promise<void>>();
  /** Done once what an earlier page has left is here. */
  readonly loaded: Promise<void>;
  #saidAt = 0;

  constructor(host: OutboxHost, store: OutboxStore, owner: string) {
    this.#host = host;
    this.#store = store;
    this.#owner = owner;
    this.loaded = this.#load();
  }

  /** The messages of a room that are not known to be stored, in their order. */
  of(roomId: string): Entry[] {
    return [...this.#entries.values()].filter((entry) => entry.roomId === roomId);
  }

  add(roomId: string, content: string): Sending {
    const entry: Entry = {
      tempId: crypto.randomUUID(),
      owner: this.#owner,
      roomId,
      content,
      saidAt: (this.#saidAt = Math.max(Date.now(), this.#saidAt + 1)),
    };
    this.#entries.set(entry.tempId, entry);
    const stored = new Promise<Receipt>((resolve, reject) => {
      this.#waiting.set(entry.tempId, { resolve, reject });
    });
    // Whoever waits for it hears of a refusal; nobody has to.
    stored.catch(() => {});
    this.#host.shown(entry);
    void this.#keep(entry).then(() => this.pump(roomId));
    return { tempId: entry.tempId, stored };
  }

  /** Tries a message again that was refused. */
  again(tempId: string): void {
    const entry = this.#entries.get(tempId);
    if (!entry?.refusal) return;
    delete entry.refusal;
    this.#host.shown(entry);
    void this.#keep(entry).then(() => this.pump(entry.roomId));
  }

  /** Gives up a message that was refused. */
  discard(tempId: string): void {
    const entry = this.#entries.get(tempId);
    if (!entry?.refusal) return;
    this.#forget(entry);
    this.#host.withdrawn(entry);
  }

  /** Takes from the room that one's own message is stored. */
  heard(message: Message): void {
    const entry = this.#entries.get(message.tempId);
    if (entry?.roomId === message.roomId) this.#isStored(entry, { ...message, duplicate: false });
  }

  /** Sends whatever waits, in all rooms. */
  pumpAll(): void {
    for (const roomId of new Set([...this.#entries.values()].map((entry) => entry.roomId))) {
      this.pump(roomId);
    }
  }

  /** Sends what waits in a room, unless that is under way. */
  pump(roomId: string): void {
    if (this.#pumps.has(roomId)) return;
    const pump = this.#pump(roomId).finally(() => {
      this.#pumps.delete(roomId);
      // The next connection may have come in just this moment.
      if (this.#canSend() && this.#next(roomId)) this.pump(roomId);
    });
    this.#pumps.set(roomId, pump);
  }

  /** Done once nothing is being sent. */
  async atRest(): Promise<void> {
    await Promise.all(this.#pumps.values());
  }

  async #load(): Promise<void> {
    const earlier = await this.#store.load(this.#owner).catch(() => []);
    // What was said since then comes after it.
    const later = [...this.#entries.values()];
    this.#entries.clear();
    for (const entry of [...earlier, ...later]) this.#entries.set(entry.tempId, entry);
    for (const entry of earlier) this.#host.shown(entry);
    this.pumpAll();
  }

  async #pump(roomId: string): Promise<void> {
    await this.loaded;
    for (let failures = 0; this.#canSend(); ) {
      const entry = this.#next(roomId);
      const connection = this.#host.connection;
      if (!entry || !connection) return;
      try {
        const receipt = (await this.#earlier(entry)) ?? (await this.#send(connection, entry));
        this.#isStored(entry, receipt);
        failures = 0;
      } catch (error) {
        if (error instanceof DisconnectedError) {
          if (!connection.isOpen) return;
        } else if (!mayPass(error)) {
          await this.#isRefused(entry, connection, error as Error);
          continue;
        }
        const advised = error instanceof ProblemError ? error.problem.retryAfterMs : undefined;
        await pause(advised ?? backoffMs(failures, () => this.#host.random()));
        failures += 1;
      }
    }
  }

  async #send(connection: Connection, entry: Entry): Promise<Receipt> {
    const { roomId, content, tempId, attempt } = entry;
    const after = attempt?.after ?? this.#host.position(roomId) ?? 0;
    entry.attempt = { as: this.#host.speaker, at: Date.now(), after };
    await this.#keep(entry);
    const sender = this.#host.nickname;
    return connection.say({ roomId, content, tempId, ...(sender === undefined ? {} : { sender }) });
  }

  /**
   * Looks for a message that somebody else's name may have stored: a guest is somebody new under
   * each token, and the server tells repeats apart by sender.
   */
  async #earlier(entry: Entry): Promise<Receipt | undefined> {
    const { attempt, roomId, tempId } = entry;
    if (!attempt || attempt.as === undefined || attempt.as === this.#host.speaker) return undefined;
    const settledIn = attempt.at + SETTLED_MS - Date.now();
    if (settledIn > 0) await pause(Math.min(settledIn, SETTLED_MS));
    let before: number | null = null;
    for (let pages = 0; pages < SEARCH_PAGES_MAX; pages += 1) {
      const cursor: Record<string, number> = before === null ? {} : { before };
      const query = { limit: SEARCH_PAGE_MESSAGES, ...cursor };
      const { messages, page } = await this.#host.page(roomId, query);
      const found = messages.find(
        (message) => message.tempId === tempId && message.senderId === attempt.as,
      );
      if (found) return { ...found, duplicate: true };
      before = page.before;
      if (before === null || before <= attempt.after) break;
    }
    return undefined;
  }

  #isStored(entry: Entry, { id, tempId, seq, createdAt, duplicate }: Receipt): void {
    if (!this.#entries.has(entry.tempId)) return;
    const receipt = { id, tempId, seq, createdAt, duplicate };
    this.#forget(entry);
    this.#host.settled(entry, receipt);
    this.#waiting.get(tempId)?.resolve(receipt);
    this.#waiting.delete(tempId);
  }

  async #isRefused(entry: Entry, connection: Connection, error: Error): Promise<void> {
    if (error instanceof ProblemError && error.code === "unauthenticated") {
      // The token is worn before its time: the next connection brings another.
      connection.discard("unauthenticated");
      return;
    }
    const code = error instanceof ProblemError ? error.code : "failed";
    const details = error instanceof ProblemError ? (error.problem.errors ?? []) : [];
    const detail = [error.message, ...details.map(({ detail }) => detail)].join(" ");
    const until = error instanceof ProblemError ? error.problem.until : undefined;
    entry.refusal = { code, detail, ...(until === undefined ? {} : { until }) };
    await this.#keep(entry);
    this.#host.shown(entry);
    this.#waiting.get(entry.tempId)?.reject(error);
    this.#waiting.delete(entry.tempId);
  }

  #next(roomId: string): Entry | undefined {
    return this.of(roomId).find((entry) => !entry.refusal);
  }

  #canSend(): boolean {
    return this.#host.connection?.isOpen === true;
  }

  /** Where nothing can be kept, the message is in memory all the same. */
  async #keep(entry: Entry): Promise<void> {
    await this.#store.put(entry).catch(() => {});
  }

  #forget(entry: Entry): void {
    this.#entries.delete(entry.tempId);
    this.#store.delete(entry.tempId).catch(() => {});
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
