// One room: its history and what is said now, as one list.

import type { Connection } from "./connection.js";
import { Emitter } from "./emitter.js";
import { DisconnectedError, mayPass } from "./errors.js";
import { backoffMs } from "./backoff.js";
import type { Entry } from "./outbox-store.js";
import { type Author, type Item, Timeline } from "./timeline.js";
import {
  type Message,
  type Page,
  type PresenceEvent,
  type Present,
  type Receipt,
  type RoomEvent,
  type Snapshot,
  topic,
  TYPING,
  type TypingEvent,
} from "./wire.js";

/** How many messages a page of history has. */
const PAGE_MESSAGES = 50;

/** How often one says that one still writes: the server hears it once a second and believes it for five. */
const TYPING_MS = 2_500;

/** Who is in a room: how many, and their names where they are few enough to be listed. */
export interface People {
  readonly count: number;
  readonly listed: readonly Present[] | undefined;
}

/** What a room needs of its client. */
export interface RoomHost {
  readonly connection: Connection | undefined;
  readonly author: Author;
  isMine(message: Message): boolean;
  heard(message: Message): void;
  page(roomId: string, query: Record<string, number>): Promise<Page>;
  say(roomId: string, content: string): Sending;
  again(tempId: string): void;
  discard(tempId: string): void;
  closed(room: Room): void;
  random(): number;
}

/** A message on its way. */
export interface Sending {
  readonly tempId: string;
  /** Resolves once the message is stored, through however many connections; rejects where the server refuses it. */
  readonly stored: Promise<Receipt>;
}

export type RoomState = "joining" | "live" | "waiting";

export type RoomEvents = {
  /** The list has changed; `items` are those that are new or different, or all of them. */
  change: { readonly items: readonly Item[]; readonly isReset: boolean };
  state: RoomState;
  /** A message or a change of one, in the order of the room's numbers, as the server told it. */
  heard: Message;
  /** The server refuses the room to this user. */
  refused: Error;
  /** Who is there, while `watchPeople` is in effect. */
  people: People;
  /** Who writes at this moment, oneself left out, while `watchPeople` is in effect. */
  typing: readonly Present[];
};

/**
 * A room that one listens to. It stays complete over every reconnect: it resumes from the last
 * number that it has heard, and where the server cannot serve that, it reads the history anew.
 */
export class Room extends Emitter<RoomEvents> {
  readonly #host: RoomHost;
  readonly #timeline: Timeline;
  /** The number up to which everything was heard; undefined before the first page. */
  #position: number | undefined;
  /** Whose number that is: after a restore of the database the same number may be another message. */
  #epoch: string | undefined;
  #leave: (() => void) | undefined;
  #state: RoomState = "waiting";
  #older: Promise<boolean> | undefined;
  #isClosed = false;
  #isWatching = false;
  #unwatch: (() => void)[] = [];
  #saidTyping = Number.NEGATIVE_INFINITY;

  constructor(
    readonly id: string,
    host: RoomHost,
  ) {
    super();
    this.#host = host;
    this.#timeline = new Timeline((message) => host.isMine(message));
  }

  /** Every message in order; those that are not stored yet at the end. */
  get items(): readonly Item[] {
    return this.#timeline.items;
  }

  get state(): RoomState {
    return this.#state;
  }

  /** Whether there is something older to be read. */
  get hasOlder(): boolean {
    return this.#timeline.before !== null;
  }

  /** The number up to which everything was heard. */
  get position(): number | undefined {
    return this.#position;
  }

  /** Says something: it is in the list at once, and is stored once, whatever happens meanwhile. */
  send(content: string): Sending {
    return this.#host.say(this.id, content);
  }

  /** Tries a message again that failed. */
  retry(tempId: string): void {
    this.#host.again(tempId);
  }

  /** Gives up a message that failed. */
  discard(tempId: string): void {
    this.#host.discard(tempId);
  }

  /**
   * Gives a stored message of one's own another content. `rev` is the version that one has seen: who
   * changed it meanwhile is not overwritten. It needs a connection, and rejects without one.
   */
  async edit(id: string, content: string, rev?: number): Promise<void> {
    await this.#connection().edit({ roomId: this.id, id, content, ...(rev === undefined ? {} : { rev }) });
  }

  /** Deletes a stored message of one's own; everybody sees that there was one. */
  async delete(id: string): Promise<void> {
    await this.#connection().delete({ roomId: this.id, id });
  }

  /** Reads the page before the oldest message; true where there was one. */
  loadOlder(): Promise<boolean> {
    this.#older ??= this.#loadOlder().finally(() => (this.#older = undefined));
    return this.#older;
  }

  /** Forgets the oldest messages down to `keep`, for a list that would grow for ever. */
  trim(keep: number): void {
    if (this.#older === undefined && this.#timeline.trim(keep)) {
      this.emit("change", { items: this.items, isReset: true });
    }
  }

  /** Tells from now on, over every connection, who is there and who writes; the result ends that. */
  watchPeople(): () => void {
    this.#isWatching = true;
    if (this.#state === "live") this.#watches(this.#connection());
    return () => this.#stopsWatching();
  }

  /** Says that one writes, or with `false` that one has stopped. May be called at every key. */
  type(isTyping = true): void {
    const now = performance.now();
    const isNews = isTyping ? now - this.#saidTyping >= TYPING_MS : this.#saidTyping > Number.NEGATIVE_INFINITY;
    if (!isNews || this.#state !== "live") return;
    this.#saidTyping = isTyping ? now : Number.NEGATIVE_INFINITY;
    this.#host.connection?.hint(TYPING, { roomId: this.id, typing: isTyping });
  }

  /** Listens no more. */
  close(): void {
    this.#isClosed = true;
    this.#stopsWatching();
    this.#leave?.();
    this.#host.closed(this);
  }

  /** Joins over a connection: history first where there is none yet, then whatever follows it. */
  async join(connection: Connection): Promise<void> {
    for (let attempt = 0; this.#isJoinable(connection); attempt += 1) {
      try {
        this.#becomes("joining");
        if (this.#position === undefined) this.#takes(await this.#newest());
        if (!this.#isJoinable(connection)) return;
        const headers = {
          delivery: "committed",
          since: String(this.#position),
          ...(this.#epoch === undefined ? {} : { epoch: this.#epoch }),
        };
        this.#leave = await connection.subscribe(
          topic(this.id),
          headers,
          ({ body }) => this.#hear(connection, JSON.parse(body) as RoomEvent),
          (why) => this.#isPutOut(why),
        );
        if (this.#isClosed) return this.#leave();
        this.#becomes("live");
        if (this.#isWatching) this.#watches(connection);
        return;
      } catch (error) {
        this.#becomes("waiting");
        if (!mayPass(error)) {
          this.emit("refused", error as Error);
          return;
        }
        await pause(backoffMs(attempt, () => this.#host.random()));
      }
    }
  }

  /** The connection is gone. */
  lost(): void {
    this.#leave = undefined;
    this.#unwatch = [];
    this.#saidTyping = Number.NEGATIVE_INFINITY;
    this.#becomes("waiting");
  }

  /** Shows a message of one's own, or what has become of it. */
  show(entry: Entry): void {
    this.#changed(this.#timeline.show(entry, this.#host.author));
  }

  /** Takes what the server says of a message of one's own. */
  settle(receipt: Receipt): void {
    this.#changed(this.#timeline.settle(receipt, this.id));
  }

  /** Takes a message of one's own out of the list. */
  withdraw(tempId: string): void {
    if (this.#timeline.withdraw(tempId)) {
      this.emit("change", { items: this.items, isReset: true });
    }
  }

  #connection(): Connection {
    const { connection } = this.#host;
    if (!connection) throw new DisconnectedError(1006, "not connected");
    return connection;
  }

  #watches(connection: Connection): void {
    const isCurrent = () => this.#isWatching && this.#host.connection === connection;
    const listen = (what: string, hear: (body: string) => void) => {
      const hearing = connection.subscribe(`${topic(this.id)}/${what}`, {}, ({ body }) => isCurrent() && hear(body));
      // Who is not let in is told so by the room itself.
      hearing.then((leave) => (isCurrent() ? this.#unwatch.push(leave) : leave())).catch(() => {});
    };
    const people = new Map<string, Present>();
    let listed = true;
    listen("presence", (body) => {
      const event = JSON.parse(body) as PresenceEvent;
      if (event.type === "state") {
        listed = event.listed;
        people.clear();
        for (const person of event.members) people.set(person.userId, person);
      } else if (event.type === "join") people.set(event.userId, { userId: event.userId, nickname: event.nickname });
      else if (event.type === "leave") people.delete(event.userId);
      else listed = false;
      this.emit("people", { count: event.count, listed: listed ? [...people.values()] : undefined });
    });
    const writing = new Map<string, { person: Present; timer: ReturnType<typeof setTimeout> }>();
    const tell = () => this.emit("typing", [...writing.values()].map(({ person }) => person));
    const stop = (userId: string) => {
      clearTimeout(writing.get(userId)?.timer);
      if (writing.delete(userId)) tell();
    };
    listen("typing", (body) => {
      const { userId, nickname, typing, expiresInMs } = JSON.parse(body) as TypingEvent;
      if (this.#host.author.id === userId) return;
      if (!typing) return stop(userId);
      clearTimeout(writing.get(userId)?.timer);
      writing.set(userId, { person: { userId, nickname }, timer: setTimeout(() => stop(userId), expiresInMs) });
      tell();
    });
    this.#unwatch.push(() => {
      for (const { timer } of writing.values()) clearTimeout(timer);
      writing.clear();
    });
  }

  #stopsWatching(): void {
    this.#isWatching = false;
    for (const leave of this.#unwatch.splice(0)) leave();
  }

  #isPutOut(why: Error): void {
    this.lost();
    this.emit("refused", why);
  }

  #isJoinable(connection: Connection): boolean {
    return !this.#isClosed && connection.isOpen && this.#host.connection === connection;
  }

  #newest(): Promise<Page> {
    return this.#host.page(this.id, { limit: PAGE_MESSAGES });
  }

  #takes(page: Page): void {
    this.#timeline.add(page);
    // Of what a snapshot named, the page may still tell the epoch before.
    this.#epoch ??= page.page.epoch;
    this.#advance(page.page.lastSeq);
    this.emit("change", { items: this.items, isReset: true });
  }

  async #loadOlder(): Promise<boolean> {
    const before = this.#timeline.before;
    if (before === null) return false;
    const page = await this.#host.page(this.id, { limit: PAGE_MESSAGES, before });
    // The list was begun anew meanwhile.
    if (this.#timeline.before !== before) return false;
    this.#timeline.add(page);
    const keys = new Set(page.messages.map(({ id }) => id));
    const items = this.items.filter(({ id }) => id !== undefined && keys.has(id));
    this.emit("change", { items, isReset: false });
    return page.messages.length > 0;
  }

  #hear(connection: Connection, event: RoomEvent): void {
    if (this.#isClosed || this.#host.connection !== connection) return;
    if ("resumedTo" in event) {
      this.#epoch = event.epoch;
      this.#advance(event.resumedTo);
    } else if ("snapshot" in event) {
      void this.#beginAnew(connection, event);
    } else {
      this.#advance(event.rev);
      this.#changed(this.#timeline.apply(event));
      this.#host.heard(event);
      this.emit("heard", event);
    }
  }

  /** Reads the newest page once more; what is said meanwhile is heard live. */
  async #beginAnew(connection: Connection, { lastSeq, epoch }: Snapshot): Promise<void> {
    this.#position = lastSeq;
    this.#epoch = epoch;
    this.#timeline.clear(lastSeq + 1);
    this.emit("change", { items: this.items, isReset: true });
    for (let attempt = 0; this.#isJoinable(connection); attempt += 1) {
      try {
        return this.#takes(await this.#newest());
      } catch (error) {
        if (!mayPass(error)) {
          this.emit("refused", error as Error);
          return;
        }
        await pause(backoffMs(attempt, () => this.#host.random()));
      }
    }
    // The next connection does it.
    this.#position = undefined;
    this.#epoch = undefined;
  }

  #advance(to: number): void {
    this.#position = Math.max(this.#position ?? 0, to);
  }

  #changed(item: Item | undefined): void {
    if (item) this.emit("change", { items: [item], isReset: false });
  }

  #becomes(state: RoomState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.emit("state", state);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
