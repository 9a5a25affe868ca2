// The chat: whoever is known goes into the hall, everybody else stands at the door.

import { Account, MaruClient } from "@maru/client";

import { door } from "./door.ts";
import { inWords } from "./faults.ts";
import { Hall } from "./hall.ts";
import { keep, kept } from "./kept.ts";
import { WORDS } from "./words.ts";

/** Shows the chat, and goes on with the session of an earlier visit where there is one. */
export async function begin(): Promise<void> {
  const account = new Account();
  let client: MaruClient | undefined;
  let hall: Hall | undefined;
  let notice = "";

  account.on("user", (user) => {
    keep({ hasSession: user !== undefined && !account.isGuest });
    // A guest whose token was replaced is the same to the page.
    if (user && client) return;
    if (user) {
      client = new MaruClient({ account });
      client.on("status", (status) => {
        if (status.state !== "stopped" || status.why !== "signed-out") return;
        notice = WORDS[kept.language].signedOut;
        if (account.user) void account.logOut().catch(() => {});
      });
      client.connect();
    } else {
      client?.disconnect();
      client = undefined;
    }
    draw();
  });
  addEventListener("language", draw);

  try {
    if (kept.hasSession) await account.resume();
  } catch (error) {
    notice = inWords(error, WORDS[kept.language]);
  }
  if (!account.user) draw();

  function draw(): void {
    const words = WORDS[kept.language];
    document.documentElement.lang = kept.language;
    hall?.end();
    hall = client && new Hall(client, account, words);
    document.body.replaceChildren(hall?.element ?? door(account, words, notice));
    if (!hall) document.querySelector("input")?.focus();
    if (hall) notice = "";
  }
}
