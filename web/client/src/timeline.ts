// A room's messages as one list: a piece of history without a hole, then what is not stored yet.

import type { Entry } from "./outbox-store.js";
import type { Message, Page, Receipt } from "./wire.js";

/** How far a message of one's own has come; everybody else's is stored. */
export type ItemState = "sending" | "stored" | "failed";

/** One message of the list. */
export interface Item {
  /** The same from the first appearance on, unique in the list. */
  readonly key: string;
  readonly tempId: string;
  readonly sender: string;
  readonly senderId: string | undefined;
  readonly content: string;
  readonly isMine: boolean;
  readonly state: ItemState;
  /** Why it failed. */
  readonly refusal: Entry["refusal"];
  /** The rest is known once it is stored. */
  readonly id: string | undefined;
  readonly seq: number | undefined;
  readonly rev: number | undefined;
  readonly createdAt: string | undefined;
  readonly editedAt: string | null;
  readonly deleted: boolean;
}

/** Somebody who sends: the name that is shown until the server says it. */
export interface Author {
  readonly nickname: string;
  readonly id: string | undefined;
}

/** How many changes of older messages are kept for the page that holds them. */
const EARLY_MAX = 500;

/**
 * Joins history and live by the room's numbers. Every message has its place by `seq`; where two
 * versions of one meet, the greater `rev` stays. Messages older than the oldest page are left to
 * the page that will bring them.
 */
export class Timeline {
  /** Ascending by `seq`, then in the order in which they were said. */
  #items: Item[] = [];
  readonly #byId = new Map<string, Item>();
  /** One's own messages that are not known to be stored, by tempId. */
  readonly #pending = new Map<string, Item>();
  /** Where the piece of history begins; nothing before it is in the list. */
  #from = Infinity;
  /** Changes of messages before it that came while the page which holds them was being read. */
  readonly #early = new Map<string, Message>();
  #before: number | null = null;
  readonly #isMine: (message: Message) => boolean;

  /** `isMine` tells one's own messages by whatever one is known by. */
  constructor(isMine: (message: Message) => boolean) {
    this.#isMine = isMine;
  }

  get items(): readonly Item[] {
    return this.#items;
  }

  /** The cursor of the next older page; null where the room begins. */
  get before(): number | null {
    return this.#before;
  }

  /** Forgets what is stored: the room's history has become another one, which goes on at `from`. */
  clear(from: number): void {
    this.#items = [...this.#pending.values()];
    this.#byId.clear();
    this.#early.clear();
    this.#from = from;
    this.#before = from;
  }

  /** Adds the newest page, or the one before the oldest message. */
  add({ messages, page }: Page): void {
    this.#before = page.before;
    this.#from = page.before === null ? 0 : Math.min(this.#from, messages[0]?.seq ?? page.before);
    const early = [...this.#early.values()];
    this.#early.clear();
    for (const message of [...messages, ...early]) this.apply(message);
  }

  /** Takes a message as it is now; brings the item where that changed the list. */
  apply(message: Message): Item | undefined {
    if (message.seq < this.#from) {
      this.#early.set(message.id, message);
      if (this.#early.size > EARLY_MAX) this.#early.delete(this.#early.keys().next().value!);
      return undefined;
    }
    const own = this.#isMine(message) ? this.#pending.get(message.tempId) : undefined;
    const known = this.#byId.get(message.id);
    if (known && (known.rev ?? 0) >= message.rev && !own) return undefined;
    const item: Item = {
      key: own?.key ?? known?.key ?? message.id,
      tempId: message.tempId,
      sender: message.sender,
      senderId: message.senderId,
      content: message.content,
      isMine: own !== undefined || known?.isMine === true || this.#isMine(message),
      state: "stored",
      refusal: undefined,
      id: message.id,
      seq: message.seq,
      rev: message.rev,
      createdAt: message.createdAt,
      editedAt: message.editedAt,
      deleted: message.deleted,
    };
    if (own) this.#pending.delete(message.tempId);
    this.#remove(own);
    this.#remove(known);
    this.#byId.set(message.id, item);
    this.#insert(item);
    return item;
  }

  /** Shows a message of one's own before it is stored, or what has become of it. */
  show(entry: Entry, author: Author): Item {
    const shown = this.#pending.get(entry.tempId);
    const item: Item = {
      key: entry.tempId,
      tempId: entry.tempId,
      sender: author.nickname,
      senderId: author.id,
      content: entry.content,
      isMine: true,
      state: entry.refusal ? "failed" : "sending",
      refusal: entry.refusal,
      id: undefined,
      seq: undefined,
      rev: undefined,
      createdAt: undefined,
      editedAt: null,
      deleted: false,
    };
    this.#pending.set(entry.tempId, item);
    if (shown) this.#items[this.#items.indexOf(shown)] = item;
    else this.#items.push(item);
    return item;
  }

  /** Takes what the server says of a message of one's own. */
  settle(receipt: Receipt, roomId: string): Item | undefined {
    const own = this.#pending.get(receipt.tempId);
    if (!own) return undefined;
    return this.apply({
      id: receipt.id,
      tempId: receipt.tempId,
      sender: own.sender,
      ...(own.senderId === undefined ? {} : { senderId: own.senderId }),
      content: own.content,
      roomId,
      createdAt: receipt.createdAt,
      editedAt: null,
      deleted: false,
      seq: receipt.seq,
      rev: receipt.seq,
    });
  }

  /** Takes back a message of one's own that is not stored. */
  withdraw(tempId: string): Item | undefined {
    const item = this.#pending.get(tempId);
    this.#pending.delete(tempId);
    this.#remove(item);
    return item;
  }

  /** Forgets the oldest messages down to `keep`; a page brings them again. */
  trim(keep: number): boolean {
    const stored = this.#items.length - this.#pending.size;
    if (stored <= keep) return false;
    for (const { id } of this.#items.splice(0, stored - keep)) this.#byId.delete(id!);
    this.#from = this.#items[0]?.seq ?? this.#from;
    this.#before = this.#from;
    return true;
  }

  #insert(item: Item): void {
    let place = this.#items.length;
    while (place > 0 && (this.#items[place - 1]!.seq ?? Infinity) > item.seq!) place -= 1;
    this.#items.splice(place, 0, item);
  }

  #remove(item: Item | undefined): void {
    if (!item) return;
    const place = this.#items.lastIndexOf(item);
    if (place >= 0) this.#items.splice(place, 1);
  }
}
