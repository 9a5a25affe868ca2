// The hall: the rooms at its side, and the one that one is in.

import type { Account, MaruClient, Room, RoomInfo, Status } from "@maru/client";

import { Conversation } from "./conversation.ts";
import { h, icon, ICONS } from "./dom.ts";
import { inWords, whyStopped } from "./faults.ts";
import { Invitations } from "./invitations.ts";
import { keep, kept, ROOMS_MAX } from "./kept.ts";
import { people } from "./people.ts";
import { elsewhere, languageButton, wordmark } from "./sign.ts";
import type { Words } from "./words.ts";

/** More unread messages than these are not counted. */
const UNREAD_SHOWN_MAX = 49;

/** How long the page waits for more to be read before it tells the server. */
const READ_TOLD_MS = 500;

/** How long a connection that was there may be away before the page says so. */
const ABSENCE_SHOWN_MS = 2000;

/** First path segments that the server keeps for itself, and names that a browser takes for paths. */
const RESERVED = ["auth", "rooms", "docs", "health", "livez", "readyz", "metrics", "ws", "ws-sockjs", ".well-known", ".", ".."];

export class Hall {
  readonly element: HTMLElement;
  readonly #client: MaruClient;
  readonly #account: Account;
  readonly #words: Words;
  readonly #rooms = new Map<string, { room: Room; entry: HTMLElement; read: number }>();
  /** The rooms that one is a member of. */
  #own = new Set<string>();
  /** What rooms are called that were made, by their ids. */
  readonly #names = new Map<string, string>();
  readonly #list = h("ul", {});
  readonly #main = h("main", { className: "place" });
  readonly #status = h("p", { className: "status", role: "status" });
  readonly #spoken = h("p", { className: "visually-hidden", role: "log", "aria-live": "polite" });
  readonly #stops: (() => void)[] = [];
  readonly #invitations: Invitations;
  /** Rooms whose read position the server does not know yet. */
  readonly #untold = new Map<string, ReturnType<typeof setTimeout>>();
  #conversation: Conversation | undefined;
  #countdown: ReturnType<typeof setInterval> | undefined;
  #absence: ReturnType<typeof setTimeout> | undefined;

  constructor(client: MaruClient, account: Account, words: Words) {
    this.#client = client;
    this.#account = account;
    this.#words = words;
    this.#invitations = new Invitations(words, {
      directory: client.directory,
      account,
      known: () => this.#knownPeople(),
      accepted: (id, name) => {
        this.#names.set(id, name);
        this.#goes(id);
      },
    });
    this.element = h("div", { className: "hall" }, this.#side(), this.#main, this.#spoken);
    for (const { id, name } of kept.rooms) if (name !== undefined) this.#names.set(id, name);
    for (const { id, read } of kept.rooms.slice(0, ROOMS_MAX)) this.#lists(id, read);
    void this.#bringsOwnRooms();
    void this.#invitations.refresh();
    this.#stops.push(
      client.on("status", (status) => {
        this.#shows(status);
        // What was told meanwhile was not heard.
        if (status.state !== "online") return;
        void this.#bringsOwnRooms();
        void this.#invitations.refresh();
      }),
    );
    this.#stops.push(
      client.on("rooms", ({ type }) => {
        // Whoever is put out is told so in the room itself.
        if (type === "joined") void this.#bringsOwnRooms();
        void this.#invitations.refresh();
      }),
      client.on("read", ({ roomId, seq }) => this.#isRead(roomId, seq)),
    );
    this.#shows(client.status);
    const look = () => this.#shows(client.status);
    const go = () => this.#goesByAddress();
    const seen = () => this.#conversation?.look();
    for (const [name, listener] of [["online", look], ["offline", look], ["hashchange", go], ["focus", seen]] as const) {
      addEventListener(name, listener);
      this.#stops.push(() => removeEventListener(name, listener));
    }
    this.#goesByAddress();
  }

  /** Takes the hall down; the client goes on. */
  end(): void {
    for (const stop of this.#stops) stop();
    clearInterval(this.#countdown);
    clearTimeout(this.#absence);
    for (const timer of this.#untold.values()) clearTimeout(timer);
    this.#conversation?.end();
  }

  #side(): HTMLElement {
    const words = this.#words;
    const name = h("input", { type: "text", maxLength: 128, placeholder: words.roomName, autocomplete: "off" });
    name.setAttribute("aria-label", words.roomName);
    const fault = h("p", { className: "fault", role: "alert" });
    const open = h("form", { className: "open-room" }, name, h("button", { type: "submit", title: words.openRoom }, words.open), fault);
    open.addEventListener("submit", (event) => {
      event.preventDefault();
      const id = name.value.trim().normalize("NFC");
      fault.textContent = isRoom(id) ? "" : words.wrongRoom;
      if (!isRoom(id)) return;
      name.value = "";
      this.#goes(id);
    });
    const copyId = h("button", { type: "button", className: "quiet", hidden: this.#account.isGuest }, words.copyId);
    copyId.addEventListener("click", async () => {
      const { id = "" } = this.#account.user ?? {};
      // Without a safe connection there is no clipboard, and the id can be read.
      const copied = navigator.clipboard?.writeText(id) ?? Promise.reject(new Error("no clipboard"));
      copyId.textContent = await copied.then(() => words.copied, () => id);
    });
    const leave = h("button", { type: "button", className: "quiet" }, this.#account.isGuest ? words.leave : words.logOut);
    // The page forgets who it was for whatever the server answers.
    leave.addEventListener("click", () => void this.#account.logOut().catch(() => {}));
    const { nickname = "" } = this.#account.user ?? {};
    return h(
      "aside",
      { className: "side" },
      h("header", {}, wordmark(words), languageButton(words)),
      this.#invitations.element,
      h("nav", { "aria-label": words.rooms }, h("h2", {}, words.rooms), this.#list, open, this.#maker()),
      h("footer", {}, h("p", { className: "who" }, avatar(nickname), h("strong", {}, nickname)), leave, copyId, this.#status, elsewhere(words)),
    );
  }

  /** Makes a private room; guests, who are somebody else tomorrow, make none. */
  #maker(): HTMLElement {
    const words = this.#words;
    const name = h("input", { type: "text", maxLength: 100, required: true, placeholder: words.newRoomName, autocomplete: "off" });
    name.setAttribute("aria-label", words.newRoomName);
    const fault = h("p", { className: "fault", role: "alert" });
    const form = h("form", { className: "open-room" }, name, h("button", { type: "submit" }, words.create), fault);
    const maker = h("details", { className: "maker", hidden: this.#account.isGuest }, h("summary", {}, icon(ICONS.lock), " ", words.newRoom), form);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      fault.textContent = "";
      try {
        const room = await this.#client.directory.create({ name: name.value.trim(), visibility: "private" });
        name.value = "";
        maker.open = false;
        this.#names.set(room.roomId, room.name);
        this.#goes(room.roomId);
      } catch (error) {
        fault.textContent = inWords(error, words);
      }
    });
    return maker;
  }

  /** Lists the private rooms that one is a member of, and forgets those of whoever was here before. */
  async #bringsOwnRooms(): Promise<void> {
    // Where the list cannot be had, what this browser remembers is what there is.
    const own = this.#account.isGuest ? [] : await this.#client.directory.rooms().catch(() => undefined);
    if (!own) return;
    this.#own = new Set(own.map(({ roomId }) => roomId));
    for (const { roomId, name, readSeq } of own) {
      this.#isCalled(roomId, name, own);
      this.#isRead(roomId, readSeq);
    }
    for (const id of [...this.#rooms.keys()]) {
      if (isPrivate(id) && !own.some(({ roomId }) => roomId === id)) this.#forgets(id);
    }
  }

  #isCalled(id: string, name: string, own: readonly RoomInfo[]): void {
    const isNews = this.#names.get(id) !== name;
    this.#names.set(id, name);
    const listed = this.#rooms.get(id);
    if (listed) listed.entry.querySelector(".name")!.replaceChildren(name);
    if (isNews && this.#conversation?.room.id === id) this.#enters(id);
    if (listed) return;
    if (this.#rooms.size < Math.max(ROOMS_MAX, own.length)) this.#lists(id, 0);
  }

  #titleOf(id: string): string {
    return this.#names.get(id) ?? id;
  }

  /** Who has spoken in any of the rooms: names by their ids. */
  #knownPeople(): Map<string, string> {
    const known = new Map<string, string>();
    for (const { room } of this.#rooms.values()) {
      for (const { senderId, sender } of room.items) if (senderId !== undefined) known.set(senderId, sender);
    }
    return known;
  }

  #goesByAddress(): void {
    const named = decodeURIComponent(location.hash.slice(1));
    if (isRoom(named)) this.#enters(named);
    else if (matchMedia("(min-width: 44rem)").matches) this.#enters(kept.rooms[0]?.id ?? "lobby");
    else this.#leavesPlace();
  }

  #goes(id: string): void {
    location.hash = encodeURIComponent(id);
    if (this.#conversation?.room.id !== id) this.#enters(id);
  }

  #enters(id: string): void {
    const { room } = this.#rooms.get(id) ?? this.#lists(id, 0);
    this.#conversation?.end();
    const conversation = new Conversation(room, this.#words, {
      title: this.#titleOf(id),
      people: isPrivate(id) ? () => this.#people(id) : undefined,
      read: (seq) => {
        if (this.#isRead(id, seq)) this.#tellsRead(id);
      },
      back: () => (location.hash = ""),
    });
    this.#conversation = conversation;
    this.#main.replaceChildren(conversation.element);
    this.element.dataset["view"] = "place";
    conversation.begin();
    this.#keeps(id);
    for (const [each, { entry }] of this.#rooms) {
      entry.querySelector("a")?.setAttribute("aria-current", String(each === id));
    }
  }

  #people(id: string): HTMLElement {
    return people(id, this.#titleOf(id), this.#words, {
      directory: this.#client.directory,
      account: this.#account,
      known: () => this.#knownPeople(),
      left: () => this.#forgets(id),
    });
  }

  #leavesPlace(): void {
    this.#conversation?.end();
    this.#conversation = undefined;
    this.#main.replaceChildren();
    this.element.dataset["view"] = "rooms";
  }

  #lists(id: string, read: number): { room: Room; entry: HTMLElement; read: number } {
    const room = this.#client.openRoom(id);
    const words = this.#words;
    const title = this.#titleOf(id);
    const lock = isPrivate(id) && h("span", { className: "lock", role: "img", "aria-label": words.privateRoom }, icon(ICONS.lock));
    const link = h("a", { href: `#${encodeURIComponent(id)}` }, lock, h("span", { className: "name" }, title), h("span", { className: "unread" }));
    const forget = h("button", { type: "button", className: "forget", title: words.forget(title) }, icon(ICONS.close));
    forget.setAttribute("aria-label", words.forget(title));
    forget.addEventListener("click", () => this.#forgets(id));
    const entry = h("li", {}, link, forget);
    const listed = { room, entry, read };
    this.#rooms.set(id, listed);
    this.#list.append(entry);
    const count = () => this.#counts(id);
    this.#stops.push(room.on("change", count));
    this.#stops.push(
      room.on("heard", ({ sender, content, deleted, seq, rev, senderId }) => {
        const isNews = seq === rev && !deleted && senderId !== this.#account.user?.id;
        if (isNews && this.#conversation?.room === room) this.#spoken.replaceChildren(h("span", {}, words.says(sender, content)));
      }),
    );
    count();
    return listed;
  }

  #forgets(id: string): void {
    const listed = this.#rooms.get(id);
    if (!listed) return;
    listed.room.close();
    listed.entry.remove();
    this.#rooms.delete(id);
    keep({ rooms: kept.rooms.filter((room) => room.id !== id) });
    if (this.#conversation?.room.id !== id) return;
    location.hash = "";
    this.#goesByAddress();
  }

  /** Puts a room at the top of what is kept; the one that was not visited for longest goes. */
  #keeps(id: string): void {
    const read = this.#rooms.get(id)?.read ?? 0;
    const rooms = [{ id, read, name: this.#names.get(id) }, ...kept.rooms.filter((room) => room.id !== id)];
    for (const { id: old } of rooms.slice(ROOMS_MAX)) this.#forgets(old);
    keep({ rooms: rooms.slice(0, ROOMS_MAX) });
  }

  /** Tells one's other devices, and whoever may see it, once no more is read at the moment. */
  #tellsRead(id: string): void {
    // A guest is somebody else tomorrow. An open room that one only looks at is not joined by it.
    const isMember = isPrivate(id) || this.#own.has(id);
    if (this.#account.isGuest || !isMember || this.#untold.has(id)) return;
    const tell = () => {
      this.#untold.delete(id);
      const read = this.#rooms.get(id)?.read;
      // What is not told now is told with the next that is read.
      if (read !== undefined) this.#client.directory.readTo(id, read).catch(() => {});
    };
    this.#untold.set(id, setTimeout(tell, READ_TOLD_MS));
  }

  /** Takes that a room is read up to a place; false where that is no news. */
  #isRead(id: string, seq: number): boolean {
    const listed = this.#rooms.get(id);
    if (!listed || listed.read >= seq) return false;
    listed.read = seq;
    keep({ rooms: kept.rooms.map((room) => (room.id === id ? { ...room, read: seq } : room)) });
    this.#counts(id);
    return true;
  }

  #counts(id: string): void {
    const { room, entry, read } = this.#rooms.get(id)!;
    const unread = room.items.filter(({ seq = 0, isMine, deleted }) => seq > read && !isMine && !deleted).length;
    const number = unread > UNREAD_SHOWN_MAX ? `${UNREAD_SHOWN_MAX}+` : String(unread);
    const mark = entry.querySelector(".unread")!;
    mark.textContent = unread === 0 ? "" : number;
    mark.toggleAttribute("hidden", unread === 0);
    if (unread === 0) mark.removeAttribute("aria-label");
    else mark.setAttribute("aria-label", this.#words.unread(number));
    mark.setAttribute("role", "img");
    entry.classList.toggle("has-unread", unread > 0);
    const rooms = [...this.#rooms.values()].filter((listed) => listed.entry.classList.contains("has-unread"));
    document.title = rooms.length > 0 ? `(${rooms.length}) Maru 마루` : "Maru 마루";
  }

  #shows(status: Status): void {
    clearTimeout(this.#absence);
    // A connection that is replaced by the next one, as a guest's is with his token, is no news.
    if (status.state === "connecting" && this.#status.dataset["state"] === "online") {
      this.#absence = setTimeout(() => this.#says(status), ABSENCE_SHOWN_MS);
    } else if (status.state !== this.#status.dataset["state"] || status.state !== "online") {
      this.#says(status);
    }
  }

  #says(status: Status): void {
    const words = this.#words;
    clearInterval(this.#countdown);
    this.#status.dataset["state"] = status.state;
    const again = h("button", { type: "button", className: "quiet" }, words.nowAgain);
    again.addEventListener("click", () => this.#client.connect());
    switch (status.state) {
      case "online":
        return this.#status.replaceChildren(words.online);
      case "idle":
      case "connecting":
        return this.#status.replaceChildren(words.connecting);
      case "stopped":
        return this.#status.replaceChildren(whyStopped(status.why, words), " ", again);
      case "waiting": {
        if (!navigator.onLine) return this.#status.replaceChildren(words.offline);
        const until = performance.now() + status.retryMs;
        const left = new Text();
        const tick = () => {
          left.data = words.waiting(Math.max(0, Math.ceil((until - performance.now()) / 1000)));
        };
        tick();
        this.#countdown = setInterval(tick, 1000);
        // What is read out once need not be read out every second.
        return this.#status.replaceChildren(left, " ", again);
      }
    }
  }
}

/** A mark of somebody's own: the first letter of the name in a colour of the name. */
export function avatar(name: string): HTMLElement {
  const letter = [...name.trim()][0]?.toUpperCase() ?? "?";
  const mark = h("span", { className: "avatar", "aria-hidden": "true" }, letter);
  let hash = 0;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)!) % 360;
  mark.style.setProperty("--hue", String(hash));
  return mark;
}

function isPrivate(id: string): boolean {
  return /^private-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);
}

function isRoom(id: string): boolean {
  const length = [...id].length;
  return length > 0 && length <= 128 && !/[/\p{Cc}]/u.test(id) && !RESERVED.includes(id);
}
