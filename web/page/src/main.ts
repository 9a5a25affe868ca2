// Which of the views a document shows.

import { begin } from "./chat.ts";

if (document.body.dataset["view"] === "guarantees") {
  // Whoever only chats does not load it. Nor is it waited for here: its script needs this one whole.
  void import("./guarantees/view.ts").then(({ showGuarantees }) => showGuarantees());
} else {
  void begin();
}
