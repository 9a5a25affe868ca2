// STOMP frames as people read them.

import { h } from "../dom.ts";
import type { Seen } from "./line.ts";
import type { Words } from "./words.ts";

/** One frame (STOMP 1.2, "STOMP Frames"); a heart-beat has no command. */
export interface Frame {
  readonly command: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** How many frames are kept to look at. */
const FRAMES_MAX = 200;

/** What is in a message of the socket: the server and the client each write one frame into one. */
export function framesIn(text: string): Frame[] {
  if (text.trim() === "") return [{ command: "", headers: [], body: "" }];
  const end = text.indexOf("\n\n");
  const [command = "", ...lines] = text.slice(0, end).trimStart().split(/\r?\n/);
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1)] as const;
  });
  const body = text.slice(end + 2).replace(/\0\n*$/, "");
  return [{ command, headers: headers.map(veiled), body: veiledBody(body) }];
}

/** The list of what went over one line, the newest first. */
export class Inspector {
  readonly element: HTMLElement;
  readonly #list = h("ol", { className: "frames", tabIndex: 0 });
  readonly #words: Words;
  #beats = false;

  constructor(words: Words, name: string) {
    this.#words = words;
    this.#list.setAttribute("aria-label", words.framesOf(name));
    const beats = h("input", { type: "checkbox" });
    beats.addEventListener("change", () => (this.#beats = beats.checked));
    this.element = h(
      "section",
      { className: "inspector" },
      h("header", {}, h("h3", {}, words.frames), h("label", {}, beats, words.heartbeats)),
      this.#list,
    );
  }

  add(seen: Seen): void {
    const entry = this.#entry(seen);
    if (!entry) return;
    this.#list.prepend(entry);
    while (this.#list.children.length > FRAMES_MAX) this.#list.lastElementChild!.remove();
  }

  #entry(seen: Seen): HTMLElement | undefined {
    const at = h("time", {}, clock(new Date()));
    if (seen.what === "opened") return h("li", { className: "event" }, at, this.#words.opened);
    if (seen.what === "closed") {
      return h("li", { className: "event closed" }, at, this.#words.closed(seen.code, seen.reason));
    }
    const { from, frame } = seen;
    if (frame.command === "" && !this.#beats) return undefined;
    const arrow = h("span", { className: "arrow", title: this.#words.from[from] }, from === "us" ? "↑" : "↓");
    arrow.setAttribute("aria-label", this.#words.from[from]);
    arrow.setAttribute("role", "img");
    const line = [at, arrow, h("b", {}, frame.command || this.#words.heartbeat), h("span", { className: "gist" }, gist(frame))];
    if (frame.command === "") return h("li", { "data-from": from }, ...line);
    const headers = frame.headers.map(([name, value]) => `${name}:${value}`).join("\n");
    return h(
      "li",
      { "data-from": from, "data-command": frame.command },
      h("details", {}, h("summary", {}, ...line), h("pre", {}, `${headers}\n\n${pretty(frame.body)}`.trim())),
    );
  }
}

/** What tells a frame from its neighbours, in one line. */
function gist({ headers, body }: Frame): string {
  const of = (wanted: string) => headers.find(([name]) => name === wanted)?.[1];
  const json = parsed(body);
  const numbers = ["seq", "resumedTo", "lastSeq"].flatMap((name) => (json?.[name] === undefined ? [] : [`${name} ${json[name]}`]));
  const since = of("since");
  return [
    of("destination") ?? of("receipt-id") ?? of("message"),
    of("seq") === undefined ? undefined : `seq ${of("seq")}`,
    since === undefined ? undefined : `since ${since}`,
    ...numbers,
    json?.["content"],
  ]
    .filter((part) => part !== undefined)
    .join(" · ");
}

function parsed(body: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function pretty(body: string): string {
  const json = parsed(body);
  return json === undefined ? body : JSON.stringify(json, null, 2);
}

/** A token is nobody's to read over a shoulder. */
function veiled([name, value]: readonly [string, string]): readonly [string, string] {
  return /^(authorization|passcode)$/i.test(name) ? [name, "Bearer …"] : [name, value];
}

function veiledBody(body: string): string {
  return body.replace(/("accessToken"\s*:\s*")[^"]*/g, "$1…");
}

function clock(at: Date): string {
  return `${at.toTimeString().slice(0, 8)}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}
