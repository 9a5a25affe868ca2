// What is said in one room, and the field to say something.

import { CONTENT_CHARS_MAX, isSayable, type Item, type Present, ProblemError, type Room } from "@maru/client";

import { h, icon, ICONS } from "./dom.ts";
import { inWords, problemInWords } from "./faults.ts";
import { avatar } from "./hall.ts";
import { kept } from "./kept.ts";
import type { Words } from "./words.ts";

/** How near to its end a list counts as read, in pixels. */
const AT_END_PX = 80;
/** How soon one says the next thing for it to stand under the same name. */
const SAME_BREATH_MS = 5 * 60_000;
/** How long a list may get before its beginning is forgotten, and down to what. */
const ITEMS_MAX = 600;
const ITEMS_KEPT = 200;

export interface Place {
  /** What the room is called. */
  readonly title: string;
  /** Who is in it, where that is limited. */
  readonly people: (() => HTMLElement) | undefined;
  /** Everything up to this number has been seen. */
  read(seq: number): void;
  /** Back to the list of the rooms. */
  back(): void;
}

export class Conversation {
  readonly element: HTMLElement;
  readonly room: Room;
  readonly #words: Words;
  readonly #place: Place;
  readonly #elements = new Map<string, HTMLElement>();
  readonly #list = h("ol", { className: "messages", tabIndex: 0 });
  readonly #edge = h("p", { className: "edge" });
  readonly #scroll: HTMLElement;
  readonly #field: HTMLTextAreaElement;
  readonly #fault = h("p", { className: "fault", role: "alert" });
  readonly #toEnd: HTMLButtonElement;
  readonly #stops: (() => void)[] = [];
  readonly #time: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #present = h("small", { className: "present" });
  readonly #writing = h("p", { className: "writing", role: "status" });
  #isAtEnd = true;
  #editing = h("p");
  /** The message whose next content is in the field. */
  #edited: Item | undefined;

  constructor(room: Room, words: Words, place: Place) {
    this.room = room;
    this.#words = words;
    this.#place = place;
    this.#time = new Intl.DateTimeFormat(kept.language, { timeStyle: "short" });
    this.#day = new Intl.DateTimeFormat(kept.language, { dateStyle: "full" });
    this.#list.setAttribute("aria-label", words.messages(place.title));
    this.#scroll = h("div", { className: "scroll" }, this.#edge, this.#list);
    this.#field = h("textarea", { id: "content", rows: 1, placeholder: words.say(place.title), enterKeyHint: "send" });
    this.#toEnd = h("button", { type: "button", className: "to-end", hidden: true }, icon(ICONS.down), words.newest);
    this.element = h("section", { className: "conversation" }, this.#head(), this.#scroll, this.#toEnd, this.#composer());
    this.#stops.push(
      room.on("change", ({ items, isReset }) => this.#changes(items, isReset)),
      room.on("refused", (error) => this.#isRefused(error)),
      room.on("state", () => this.#showEdge()),
      room.on("people", ({ count, listed }) => {
        this.#present.textContent = words.present(count);
        this.#present.title = (listed ?? []).map(({ nickname }) => nickname).join(", ");
      }),
      room.on("typing", (people) => this.#showWriting(people)),
      room.watchPeople(),
    );
  }

  /** Shows what there is, once the element is on the page. */
  begin(): void {
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && void this.#loadOlder(), {
      root: this.#scroll,
      rootMargin: "300px",
    });
    observer.observe(this.#edge);
    this.#stops.push(() => observer.disconnect());
    this.#scroll.addEventListener("scroll", () => this.look());
    this.#toEnd.addEventListener("click", () => {
      this.#goesToEnd();
      this.#field.focus();
    });
    this.#changes(this.room.items, true);
    this.#goesToEnd();
    if (matchMedia("(hover: hover)").matches) this.#field.focus();
  }

  end(): void {
    for (const stop of this.#stops) stop();
  }

  /** Sees how far the list was read. */
  look(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    this.#isAtEnd = scrollHeight - scrollTop - clientHeight < AT_END_PX;
    this.#toEnd.hidden = this.#isAtEnd;
    if (!this.#isAtEnd || !document.hasFocus()) return;
    const last = this.room.items.findLast(({ seq }) => seq !== undefined);
    if (last) this.#place.read(last.seq!);
    if (this.room.items.length > ITEMS_MAX) this.room.trim(ITEMS_KEPT);
  }

  #head(): HTMLElement {
    const back = h("button", { type: "button", className: "back" }, icon(ICONS.back));
    back.setAttribute("aria-label", this.#words.back);
    back.addEventListener("click", () => this.#place.back());
    const head = h("header", {}, back, h("h2", {}, this.#place.title), this.#present);
    const { people } = this.#place;
    if (people) head.append(...this.#peopleBehindButton(people));
    return head;
  }

  /** A button that shows who is in the room, and hides it again. */
  #peopleBehindButton(people: () => HTMLElement): HTMLElement[] {
    const place = h("div", { className: "people-place" });
    const button = h("button", { type: "button", className: "quiet", "aria-expanded": "false" }, icon(ICONS.people), " ", this.#words.people);
    button.addEventListener("click", () => {
      const isOpen = button.getAttribute("aria-expanded") === "true";
      button.setAttribute("aria-expanded", String(!isOpen));
      place.replaceChildren(...(isOpen ? [] : [people()]));
    });
    return [button, place];
  }

  #isRefused(error: Error): void {
    const isNotThere = error instanceof ProblemError && error.code === "not-found";
    this.#fault.textContent = isNotThere ? this.#words.noMember : inWords(error, this.#words);
  }

  #composer(): HTMLElement {
    const words = this.#words;
    const field = this.#field;
    const label = h("label", { className: "visually-hidden", htmlFor: field.id }, words.message);
    const send = h("button", { className: "primary", type: "submit" }, icon(ICONS.send));
    send.setAttribute("aria-label", words.send);
    const cancel = h("button", { type: "button", className: "quiet" }, words.cancel);
    cancel.addEventListener("click", () => this.#endsEditing());
    this.#editing = h("p", { className: "editing", hidden: true }, words.editing, cancel);
    const form = h("form", { className: "composer" }, this.#writing, this.#fault, this.#editing, label, field, send);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const content = field.value;
      const isTooLong = [...content].length > CONTENT_CHARS_MAX;
      this.#fault.textContent = isTooLong ? words.tooLong(CONTENT_CHARS_MAX) : "";
      if (!isSayable(content)) return;
      const edited = this.#edited;
      if (edited) return void this.#edits(edited, content);
      field.value = "";
      this.#isAtEnd = true;
      this.room.send(content);
      this.room.type(false);
    });
    field.addEventListener("input", () => {
      if (!this.#edited) this.room.type(field.value !== "");
    });
    field.addEventListener("keydown", (event) => {
      // While a syllable is composed, Enter ends the syllable and not the message. Safari tells
      // that by the key code alone, since its composition has ended just before.
      const isComposing = event.isComposing || event.keyCode === 229;
      if (event.key === "Escape" && !isComposing && this.#edited) return this.#endsEditing();
      if (event.key !== "Enter" || event.shiftKey || isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    return form;
  }

  #showWriting(people: readonly Present[]): void {
    const names = people.map(({ nickname }) => nickname).join(", ");
    const tell = people.length === 1 ? this.#words.writes : this.#words.write;
    this.#writing.textContent = people.length === 0 ? "" : tell(names);
  }

  #beginsEditing(item: Item): void {
    this.#edited = item;
    this.#editing.hidden = false;
    this.#field.value = item.content;
    this.#field.focus();
  }

  #endsEditing(): void {
    this.#edited = undefined;
    this.#editing.hidden = true;
    this.#field.value = "";
    this.#field.focus();
  }

  async #edits({ id, rev, content: before }: Item, content: string): Promise<void> {
    try {
      if (content !== before) await this.room.edit(id!, content, rev);
      this.#endsEditing();
    } catch (error) {
      this.#fault.textContent = inWords(error, this.#words);
    }
  }

  async #deletes({ id }: Item): Promise<void> {
    try {
      await this.room.delete(id!);
    } catch (error) {
      this.#fault.textContent = inWords(error, this.#words);
    }
  }

  async #loadOlder(): Promise<void> {
    if (!this.room.hasOlder) return;
    this.#showEdge();
    try {
      await this.room.loadOlder();
    } catch (error) {
      this.#fault.textContent = inWords(error, this.#words);
    }
  }

  #changes(items: readonly Item[], isReset: boolean): void {
    const wasAtEnd = this.#isAtEnd;
    const fromEnd = this.#scroll.scrollHeight - this.#scroll.scrollTop;
    if (isReset) {
      this.#elements.clear();
      this.#list.replaceChildren();
    }
    const all = this.room.items;
    const places = new Map(all.map((item, place) => [item.key, place]));
    // From the end to the beginning: the element that follows is there already.
    const changed = items.map((item) => places.get(item.key)).filter((place) => place !== undefined);
    for (const place of changed.sort((a, b) => b - a)) this.#puts(place);
    for (const place of changed) if (place + 1 < all.length && !changed.includes(place + 1)) this.#puts(place + 1);
    this.#showEdge();
    const isOlder = !isReset && changed.length > 0 && changed.every((place) => place < all.length / 2);
    if (wasAtEnd) this.#goesToEnd();
    else if (isReset || isOlder) this.#scroll.scrollTop = this.#scroll.scrollHeight - fromEnd;
    this.look();
  }

  /** Puts the element of an item where it belongs. */
  #puts(place: number): void {
    const item = this.room.items[place]!;
    const element = this.#draws(item, this.room.items[place - 1]);
    const known = this.#elements.get(item.key);
    this.#elements.set(item.key, element);
    const next = this.room.items[place + 1];
    const following = (next && this.#elements.get(next.key)) ?? null;
    known?.remove();
    this.#list.insertBefore(element, following?.parentElement === this.#list ? following : null);
  }

  #draws(item: Item, before: Item | undefined): HTMLElement {
    const words = this.#words;
    const at = item.createdAt === undefined ? undefined : new Date(item.createdAt);
    const beforeAt = before?.createdAt === undefined ? undefined : new Date(before.createdAt);
    const day = at && at.toDateString() !== beforeAt?.toDateString() ? this.#dayOf(at) : undefined;
    const goesOn =
      day === undefined &&
      before?.senderId === item.senderId &&
      before?.sender === item.sender &&
      Math.abs((at?.getTime() ?? Date.now()) - (beforeAt?.getTime() ?? Date.now())) < SAME_BREATH_MS;
    const element = h(
      "li",
      { className: `message ${item.isMine ? "mine" : "theirs"} ${goesOn ? "goes-on" : "begins"}`, "data-state": item.state },
      day !== undefined && h("p", { className: "day" }, h("span", {}, day)),
      !item.isMine && avatar(item.sender),
      h(
        "div",
        { className: "bubble" },
        h("p", { className: goesOn ? "visually-hidden" : "sender" }, item.isMine ? words.you : item.sender),
        item.deleted
          ? h("p", { className: "content deleted" }, words.deleted)
          : h("p", { className: "content", dir: "auto" }, item.content),
        this.#foot(item, at),
      ),
    );
    if (item.seq !== undefined) element.dataset["seq"] = String(item.seq);
    return element;
  }

  #foot(item: Item, at: Date | undefined): HTMLElement {
    const words = this.#words;
    const foot = h("p", { className: "foot" });
    if (item.state === "sending") foot.append(words.sending);
    if (at) {
      if (item.editedAt !== null) foot.append(words.edited, " · ");
      foot.append(h("time", { dateTime: item.createdAt! }, this.#time.format(at)));
    }
    if (item.state === "stored" && item.isMine && !item.deleted) foot.append(this.#tools(item));
    if (item.state !== "failed") return foot;
    const retry = h("button", { type: "button" }, words.retry);
    retry.addEventListener("click", () => this.room.retry(item.tempId));
    const discard = h("button", { type: "button" }, words.discard);
    discard.addEventListener("click", () => this.room.discard(item.tempId));
    const why = item.refusal ? problemInWords(item.refusal, words) : "";
    foot.append(h("strong", {}, words.failed), ` ${why} `, retry, discard);
    return foot;
  }

  /** What can be done with a message of one's own. */
  #tools(item: Item): HTMLElement {
    const words = this.#words;
    const edit = h("button", { type: "button" }, words.edit);
    edit.addEventListener("click", () => this.#beginsEditing(item));
    const remove = h("button", { type: "button" }, words.delete);
    let isAsked = false;
    remove.addEventListener("click", () => {
      if (isAsked) return void this.#deletes(item);
      // What is deleted does not come back: the second click is the answer.
      isAsked = true;
      remove.textContent = words.reallyDelete;
    });
    remove.addEventListener("blur", () => {
      isAsked = false;
      remove.textContent = words.delete;
    });
    return h("span", { className: "tools" }, edit, remove);
  }

  #dayOf(at: Date): string {
    const today = new Date();
    const yesterday = new Date(today);
    yesterday.setDate(today.getDate() - 1);
    if (at.toDateString() === today.toDateString()) return this.#words.today;
    if (at.toDateString() === yesterday.toDateString()) return this.#words.yesterday;
    return this.#day.format(at);
  }

  #showEdge(): void {
    const { items, hasOlder, position } = this.room;
    const words = this.#words;
    const begins = items.length === 0 ? words.empty : words.oldest;
    this.#edge.textContent = position === undefined ? "" : hasOlder ? words.older : begins;
  }

  #goesToEnd(): void {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
    this.look();
  }
}
