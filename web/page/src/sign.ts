// The name over the door, and the languages.

import { h } from "./dom.ts";
import { keep, kept } from "./kept.ts";
import type { Words } from "./words.ts";

/** The name of the house. */
export function wordmark(words: Words): HTMLElement {
  const name = h("span", { className: "ko", lang: "ko" }, "마루");
  return h("h1", { className: "wordmark" }, name, h("span", {}, "Maru"), h("small", {}, words.tagline));
}

/** Switches to the other language; the page is drawn anew. */
export function languageButton(words: Words): HTMLElement {
  const other = kept.language === "en" ? "ko" : "en";
  const button = h("button", { type: "button", className: "quiet", lang: other }, words.language);
  button.addEventListener("click", () => {
    keep({ language: other });
    dispatchEvent(new Event("language"));
  });
  return button;
}

/** The ways to what else there is to see. */
export function elsewhere(words: Words): HTMLElement {
  return h(
    "p",
    { className: "elsewhere" },
    h("a", { href: "/guarantees" }, words.guarantees),
    h("a", { href: "/docs" }, words.documents),
  );
}
