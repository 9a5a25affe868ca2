// The rooms that one is asked into, and the answers.

import type { Account, Directory, Invitation } from "@maru/client";

import { h } from "./dom.ts";
import { inWords } from "./faults.ts";
import type { Words } from "./words.ts";

export interface InvitationsHost {
  readonly directory: Directory;
  readonly account: Account;
  /** Names by user id, as far as anybody has spoken. */
  known(): ReadonlyMap<string, string>;
  /** One came in. */
  accepted(roomId: string, name: string): void;
}

/** The list of what waits for an answer; not there while nothing does. */
export class Invitations {
  readonly element: HTMLElement;
  readonly #host: InvitationsHost;
  readonly #words: Words;
  readonly #list = h("ul", {});
  readonly #fault = h("p", { className: "fault", role: "alert" });
  #reading = 0;

  constructor(words: Words, host: InvitationsHost) {
    this.#words = words;
    this.#host = host;
    const title = h("h2", {}, words.invitations);
    this.element = h("section", { className: "invitations", hidden: true, "aria-label": words.invitations }, title, this.#list, this.#fault);
  }

  /** Asks the server what there is. */
  async refresh(): Promise<void> {
    if (this.#host.account.isGuest) return;
    const reading = (this.#reading += 1);
    // Where it cannot be had, the next connection asks again.
    const found = await this.#host.directory.invitations().catch(() => undefined);
    if (found && reading === this.#reading) this.#draws(found);
  }

  #draws(invitations: readonly Invitation[]): void {
    this.#fault.textContent = "";
    this.#list.replaceChildren(...invitations.map((invitation) => this.#entry(invitation)));
    this.element.hidden = invitations.length === 0;
  }

  #entry({ roomId, name, by }: Invitation): HTMLElement {
    const words = this.#words;
    const { directory } = this.#host;
    const inviter = this.#host.known().get(by);
    const accept = h("button", { type: "button", className: "primary", "aria-label": words.acceptOf(name) }, words.accept);
    const decline = h("button", { type: "button", className: "quiet", "aria-label": words.declineOf(name) }, words.decline);
    const { id = "" } = this.#host.account.user ?? {};
    accept.addEventListener("click", () =>
      this.#answers(async () => {
        await directory.accept(roomId, id);
        this.#host.accepted(roomId, name);
      }),
    );
    decline.addEventListener("click", () => this.#answers(() => directory.uninvite(roomId, id)));
    const from = inviter !== undefined && h("small", {}, words.invitedBy(inviter));
    return h("li", {}, h("p", {}, h("strong", { className: "name" }, name), " ", from), accept, decline);
  }

  async #answers(answer: () => Promise<void>): Promise<void> {
    try {
      await answer();
      await this.refresh();
    } catch (error) {
      this.#fault.textContent = inWords(error, this.#words);
    }
  }
}
