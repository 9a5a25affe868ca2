// The door: come in as a guest, log in, sign up.

import type { Account } from "@maru/client";

import { h } from "./dom.ts";
import { inWords } from "./faults.ts";
import { keep, kept } from "./kept.ts";
import { elsewhere, languageButton, wordmark } from "./sign.ts";
import type { Words } from "./words.ts";

type Way = "guest" | "logIn" | "signUp";

/** Shows the door; who comes in is told by the account. */
export function door(account: Account, words: Words, notice = "", way: Way = "guest"): HTMLElement {
  const fault = h("p", { className: "fault", role: "alert" }, notice);
  const nickname = field(words.nickname, "text", "nickname", { maxLength: 64, value: kept.nickname });
  const email = field(words.email, "email", "username", { maxLength: 254 });
  const isNew = way === "signUp";
  const password = field(words.password, "password", isNew ? "new-password" : "current-password", {
    maxLength: 1024,
  });
  const fields = { guest: [nickname], logIn: [email, password], signUp: [nickname, email, password] };
  const enter = h("button", { className: "primary", type: "submit" }, words.enter);
  const form = h("form", {}, ...fields[way].map(({ label }) => label), fault, enter);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    enter.disabled = true;
    fault.textContent = "";
    const name = nickname.input.value.trim();
    if (way !== "logIn") keep({ nickname: name });
    try {
      if (way === "guest") await account.enterAsGuest(name);
      else if (way === "logIn") await account.logIn(email.input.value, password.input.value);
      else await account.signUp(email.input.value, password.input.value, name);
    } catch (error) {
      fault.textContent = inWords(error, words);
      enter.disabled = false;
    }
  });

  const page = h("main", { className: "door" });
  const ways = h("div", { className: "ways", role: "group" });
  for (const each of ["guest", "logIn", "signUp"] as const) {
    const button = h("button", { type: "button", "aria-pressed": String(each === way) }, words[each]);
    button.addEventListener("click", () => {
      const next = door(account, words, "", each);
      page.replaceWith(next);
      next.querySelector("input")?.focus();
    });
    ways.append(button);
  }
  page.append(
    h("header", {}, wordmark(words), languageButton(words)),
    h("p", { className: "promise" }, words.promise),
    h("section", { className: "panel" }, ways, form),
    elsewhere(words),
  );
  return page;
}

function field(
  title: string,
  type: string,
  autocomplete: string,
  props: Partial<HTMLInputElement>,
): { label: HTMLLabelElement; input: HTMLInputElement } {
  const input = h("input", { type, required: true, name: autocomplete });
  Object.assign(input, { autocomplete, ...props });
  return { label: h("label", {}, h("span", {}, title), input), input };
}
