// Where messages wait that are not known to be stored.

/** A message on its way. */
export interface Entry {
  /** The idempotency key: the same at every attempt. */
  readonly tempId: string;
  /** Whose outbox it lies in: an account's id, or that of all guests of this browser. */
  readonly owner: string;
  readonly roomId: string;
  readonly content: string;
  /** When it was said, in milliseconds since 1970: its place among the messages of its owner. */
  readonly saidAt: number;
  /** As whom it was last sent, and when; absent until it was. */
  attempt?: { readonly as: string | undefined; readonly at: number; readonly after: number };
  /** Why the server does not take it; absent while it may. */
  refusal?: { readonly code: string; readonly detail: string; readonly until?: string };
}

/** Keeps entries. What it cannot keep is lost with the page, and nothing else. */
export interface OutboxStore {
  /** The entries of an owner, in their order. */
  load(owner: string): Promise<Entry[]>;
  put(entry: Entry): Promise<void>;
  delete(tempId: string): Promise<void>;
}

/** Keeps entries as long as the page lives. */
export class MemoryOutboxStore implements OutboxStore {
  readonly #entries = new Map<string, Entry>();

  async load(owner: string): Promise<Entry[]> {
    return inOrder([...this.#entries.values()].filter((entry) => entry.owner === owner));
  }

  async put(entry: Entry): Promise<void> {
    this.#entries.set(entry.tempId, structuredClone(entry));
  }

  async delete(tempId: string): Promise<void> {
    this.#entries.delete(tempId);
  }
}

/** Keeps entries in IndexedDB, so that they outlive the page. */
export class IndexedDbOutboxStore implements OutboxStore {
  readonly #database: Promise<IDBDatabase>;

  constructor(factory: IDBFactory = indexedDB, name = "maru-outbox") {
    const open = factory.open(name, 1);
    open.onupgradeneeded = () => {
      const entries = open.result.createObjectStore(ENTRIES, { keyPath: "tempId" });
      entries.createIndex(BY_OWNER, "owner");
    };
    this.#database = done(open);
    // Told at each use; nobody has to wait for it before.
    this.#database.catch(() => {});
  }

  async load(owner: string): Promise<Entry[]> {
    const entries = (await this.#entries("readonly")).index(BY_OWNER).getAll(owner);
    return inOrder((await done(entries)) as Entry[]);
  }

  async put(entry: Entry): Promise<void> {
    await done((await this.#entries("readwrite")).put(entry));
  }

  async delete(tempId: string): Promise<void> {
    await done((await this.#entries("readwrite")).delete(tempId));
  }

  async #entries(mode: IDBTransactionMode): Promise<IDBObjectStore> {
    return (await this.#database).transaction(ENTRIES, mode).objectStore(ENTRIES);
  }
}

const ENTRIES = "entries";
const BY_OWNER = "by-owner";

/** IndexedDB where there is one, else memory. */
export function bestOutboxStore(): OutboxStore {
  return typeof indexedDB === "undefined" ? new MemoryOutboxStore() : new IndexedDbOutboxStore();
}

function inOrder(entries: Entry[]): Entry[] {
  return entries.sort((a, b) => a.saidAt - b.saidAt);
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
