// One of the two users: his connection, how to break it, and what he has heard.

import { Account, type Item, MaruClient, MemoryOutboxStore, type Room, type Status, type Token, isSayable } from "@maru/client";

import { h } from "../dom.ts";
import { avatar } from "../hall.ts";
import { Inspector } from "./frames.ts";
import { Line, type Seen } from "./line.ts";
import { Strip } from "./strip.ts";
import type { Words } from "./words.ts";

const OFFLINE_S = 30;
/** How long a token lives that is to expire at once. */
const SHORT_LIFE_S = 4;
/** How many of the newest messages are shown. */
const SHOWN_MAX = 12;

export class Pane {
  readonly element: HTMLElement;
  readonly name: string;
  readonly strip: Strip;
  readonly #words: Words;
  readonly #line: Line;
  readonly #inspector: Inspector;
  readonly #account: Account;
  readonly #news: () => void;
  readonly #status = h("p", { className: "status", role: "status" });
  readonly #waiting = h("span", { className: "waiting" });
  readonly #messages = h("ol", { className: "said", tabIndex: 0 });
  #room: Room | undefined;
  #client: MaruClient | undefined;
  /** The token that is to expire under the connection; it is not renewed before. */
  #short: Token | undefined;
  #catchesUp = false;
  #said = 0;

  /** `news` is called whenever something has changed. */
  constructor(words: Words, name: string, news: () => void) {
    this.#words = words;
    this.name = name;
    this.#news = news;
    this.strip = new Strip(words, name);
    this.#inspector = new Inspector(words, name);
    this.#line = new Line((seen) => this.#sees(seen));
    this.#account = new Account({ fetch: this.#line.fetch });
    this.#messages.setAttribute("aria-label", words.messagesOf(name));
    this.element = h(
      "section",
      { className: "pane", "data-name": name },
      h("header", {}, avatar(name), h("h2", {}, name), this.#status, this.#waiting),
      this.#controls(),
      this.strip.element,
      this.#messages,
      this.#field(),
      this.#inspector.element,
    );
    this.#shows({ state: "idle" });
  }

  /** Comes in as a guest and enters the room. */
  async enters(roomId: string): Promise<void> {
    await this.#account.enterAsGuest(this.name);
    const account = this.#account;
    const client = new MaruClient({
      account: {
        get user() {
          return account.user;
        },
        token: (worn) => this.#token(worn),
      },
      outbox: new MemoryOutboxStore(),
      socket: this.#line.socket,
      fetch: this.#line.fetch,
    });
    this.#client = client;
    client.on("status", (status) => this.#shows(status));
    client.connect();
    const room = client.openRoom(roomId);
    this.#room = room;
    room.on("heard", ({ seq, rev }) => {
      if (seq === rev) this.strip.comes(seq, this.#catchesUp ? "caught-up" : "live");
      this.#news();
    });
    room.on("change", () => this.#lists(room.items));
  }

  /** Says the next thing by itself. */
  talks(): void {
    this.#room?.send(`${this.name} ${(this.#said += 1)}`);
  }

  /** What this user has, in order. */
  get items(): readonly Item[] {
    return this.#room?.items ?? [];
  }

  /** Whether there is nothing on its way. */
  get isAtRest(): boolean {
    return this.#room?.state === "live" && this.items.every(({ state }) => state === "stored");
  }

  async accessToken(): Promise<string> {
    return (await this.#account.token()).accessToken;
  }

  #token(worn: string | undefined): Promise<Token> {
    const short = this.#short;
    if (short && short.accessToken !== worn) return Promise.resolve(short);
    this.#short = undefined;
    return this.#account.token(worn === short?.accessToken ? undefined : worn);
  }

  #controls(): HTMLElement {
    const words = this.#words;
    const offline = h("button", { type: "button" }, words.offline);
    const expire = h("button", { type: "button" }, words.expire);
    const kill = h("button", { type: "button" }, words.kill);
    offline.addEventListener("click", () => this.#goesOffline(offline, [expire, kill]));
    expire.addEventListener("click", async () => {
      expire.disabled = true;
      await this.#expires().catch(() => {});
      expire.disabled = this.#line.isOffline;
    });
    kill.addEventListener("click", () => this.#line.kill());
    return h("div", { className: "controls", role: "group" }, offline, expire, kill);
  }

  #goesOffline(button: HTMLButtonElement, others: HTMLButtonElement[]): void {
    this.#line.cut();
    for (const each of [button, ...others]) each.disabled = true;
    const until = performance.now() + OFFLINE_S * 1000;
    const tick = () => {
      const left = Math.ceil((until - performance.now()) / 1000);
      button.textContent = left > 0 ? this.#words.offlineFor(left) : this.#words.offline;
      if (left > 0) return;
      clearInterval(timer);
      for (const each of [button, ...others]) each.disabled = false;
      this.#line.mend();
      this.#client?.connect();
    };
    const timer = setInterval(tick, 250);
    tick();
  }

  /**
   * Connects with a token of a very short life and lets it run out: the server ends the connection
   * with 4002, and the client comes back with another.
   */
  async #expires(): Promise<void> {
    const answer = await this.#line.fetch("/auth/guest", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ nickname: this.name, expiresIn: SHORT_LIFE_S }),
    });
    if (!answer.ok) return;
    const { accessToken } = (await answer.json()) as { accessToken: string };
    // It is not renewed, but runs out.
    this.#short = { accessToken, renewAt: performance.now() + 10 * SHORT_LIFE_S * 1000 };
    this.#line.kill();
  }

  #field(): HTMLElement {
    const words = this.#words;
    const input = h("input", { type: "text", maxLength: 200, placeholder: words.say(this.name), autocomplete: "off" });
    input.setAttribute("aria-label", words.say(this.name));
    const form = h("form", {}, input, h("button", { type: "submit" }, words.says));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      // What is written before the room is entered stays where it is.
      if (!this.#room || !isSayable(input.value)) return;
      this.#room.send(input.value);
      input.value = "";
    });
    return form;
  }

  #sees(seen: Seen): void {
    if (seen.what === "opened") this.#catchesUp = true;
    if (seen.what === "frame" && seen.from === "server" && seen.frame.body.includes('"resumedTo"')) this.#catchesUp = false;
    this.#inspector.add(seen);
  }

  #lists(items: readonly Item[]): void {
    const shown = items.slice(-SHOWN_MAX).map((item) =>
      h(
        "li",
        { "data-state": item.state, className: item.isMine ? "mine" : "theirs" },
        h("span", { className: "seq" }, item.seq === undefined ? "·" : String(item.seq)),
        h("b", {}, item.sender),
        h("span", { dir: "auto" }, item.content),
      ),
    );
    this.#messages.replaceChildren(...shown);
    this.#messages.scrollTop = this.#messages.scrollHeight;
    this.#waiting.textContent = this.#words.waiting(items.filter(({ state }) => state === "sending").length);
    this.#news();
  }

  #shows({ state }: Status): void {
    const words = this.#words;
    const texts = { idle: words.connecting, connecting: words.connecting, online: words.online, waiting: words.away, stopped: words.stopped };
    this.#status.dataset["state"] = state;
    this.#status.textContent = texts[state];
    this.#news();
  }
}
