// The guarantee view: two users side by side, whose connections one may break.

import "./style.css";

import type { Message, Page } from "@maru/client";

import { h } from "../dom.ts";
import { kept } from "../kept.ts";
import { languageButton, wordmark } from "../sign.ts";
import { WORDS as PAGE_WORDS } from "../words.ts";
import { Pane } from "./pane.ts";
import { WORDS } from "./words.ts";

/** How soon after news the two sides are compared. */
const JUDGE_MS = 250;
/** How often each of the two says something. */
const TALK_MS = 600;
/** How much they say by themselves, so that a forgotten window comes to rest. */
const TALK_MAX = 400;

/** Shows the view in a room that nobody else knows. */
export function showGuarantees(): void {
  const words = WORDS[kept.language];
  document.documentElement.lang = kept.language;
  document.title = `${words.title} · Maru 마루`;
  // Everything is drawn in one language from the beginning on; another one begins anew.
  addEventListener("language", () => location.reload());

  const verdict = h("p", { className: "verdict" }, words.begin);
  const spoken = h("p", { className: "visually-hidden", role: "status" });
  const compared = h("p", { className: "compared", role: "status" });
  const roomId = `guarantees-${crypto.randomUUID().slice(0, 13)}`;
  const panes: Pane[] = [];
  let judging: ReturnType<typeof setTimeout> | undefined;
  // Each tells its news from the beginning on, when not all of them are there.
  for (const name of ["Ada", "Ben"]) panes.push(new Pane(words, name, hasNews));

  const talk = h("button", { type: "button", className: "primary", "aria-pressed": "false" }, words.talk);
  let talking: ReturnType<typeof setInterval> | undefined;
  let said = 0;
  const stop = () => {
    clearInterval(talking);
    talking = undefined;
    talk.textContent = words.talk;
    talk.setAttribute("aria-pressed", "false");
  };
  talk.addEventListener("click", () => {
    if (talking) return stop();
    said = 0;
    talk.textContent = words.quiet;
    talk.setAttribute("aria-pressed", "true");
    talking = setInterval(() => {
      for (const pane of panes) pane.talks();
      if ((said += 1) >= TALK_MAX) stop();
    }, TALK_MS);
  });
  const compare = h("button", { type: "button" }, words.compare);
  compare.addEventListener("click", async () => {
    compare.disabled = true;
    const outcome = await compares().catch(() => words.unreachable);
    compared.textContent = outcome;
    compare.disabled = false;
  });

  document.body.replaceChildren(
    h(
      "div",
      { className: "guarantees" },
      h(
        "header",
        {},
        wordmark(PAGE_WORDS[kept.language]),
        h("nav", {}, h("a", { href: "/" }, words.toChat), languageButton(PAGE_WORDS[kept.language])),
      ),
      h(
        "main",
        {},
        h("h2", { className: "title" }, words.title),
        h("p", { className: "intro" }, words.intro),
        h("div", { className: "bar" }, talk, compare, verdict, spoken, compared),
        h("div", { className: "panes" }, ...panes.map(({ element }) => element)),
      ),
    ),
  );
  for (const pane of panes) void pane.enters(roomId).catch(() => (verdict.textContent = words.unreachable));

  /** Judges soon: what one side has heard is on its way to the other. */
  function hasNews(): void {
    judging ??= setTimeout(() => {
      judging = undefined;
      judge();
    }, JUDGE_MS);
  }

  function judge(): void {
    const known = Math.max(0, ...panes.map(({ items }) => items.findLast(({ seq }) => seq !== undefined)?.seq ?? 0));
    if (known === 0) return;
    for (const { strip } of panes) strip.expects(known);
    const behind = panes.filter(({ strip }) => strip.missing > 0).map(({ name }) => name);
    const isBroken = panes.some(({ strip }) => strip.faults > 0);
    const outcome = isBroken ? "broken" : behind.length > 0 ? "behind" : "whole";
    const isNew = verdict.dataset["outcome"] !== outcome;
    verdict.dataset["outcome"] = outcome;
    verdict.textContent = isBroken ? words.broken : behind.length > 0 ? words.behind(behind.join(", ")) : words.whole(known);
    // Every number would be too much to be read out.
    if (isNew) spoken.textContent = verdict.textContent;
  }

  /** Reads the whole history and holds both sides against it. */
  async function compares(): Promise<string> {
    const [first] = panes;
    const stored: Message[] = [];
    for (let after: number | null = 0; after !== null; ) {
      const answer: Response = await fetch(`/${roomId}/messages?limit=200&after=${after}`, {
        headers: { authorization: `Bearer ${await first!.accessToken()}` },
      });
      if (!answer.ok) return words.unreachable;
      const { messages, page } = (await answer.json()) as Page;
      stored.push(...messages);
      after = page.after;
    }
    const told = (all: readonly { seq?: number | undefined; id?: string | undefined; content: string }[]) =>
      JSON.stringify(all.filter(({ seq }) => seq !== undefined).map(({ seq, id, content }) => [seq, id, content]));
    const other = panes.find(({ items }) => told(items) !== told(stored));
    return other ? words.differs(other.name) : words.same(stored.length);
  }
}
