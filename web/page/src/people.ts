// Who is in a private room, and bringing somebody in.

import type { Account, Directory, Member } from "@maru/client";

import { h, icon, ICONS } from "./dom.ts";
import { inWords } from "./faults.ts";
import { avatar } from "./hall.ts";
import type { Words } from "./words.ts";

/** RFC 9562, section 4. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export interface PeopleHost {
  readonly directory: Directory;
  readonly account: Account;
  /** Names by user id, as far as anybody has spoken. */
  known(): ReadonlyMap<string, string>;
  /** One has left the room. */
  left(): void;
}

/** The list of a private room's members. */
export function people(roomId: string, title: string, words: Words, host: PeopleHost): HTMLElement {
  const { directory, account } = host;
  const list = h("ul", {});
  const fault = h("p", { className: "fault", role: "alert" });
  const notice = h("p", { className: "notice", role: "status" });
  const options = h("datalist", { id: "known-people" });
  const whom = h("input", { type: "text", autocomplete: "off", placeholder: words.whom, required: true });
  whom.setAttribute("aria-label", words.whom);
  whom.setAttribute("list", options.id);
  const invite = h("form", { hidden: true }, whom, h("button", { type: "submit" }, words.invite));
  const element = h("section", { className: "people", "aria-label": words.peopleOf(title) }, list, invite, options, notice, fault);

  invite.addEventListener("submit", (event) => {
    event.preventDefault();
    const typed = whom.value.trim();
    const named = [...host.known()].find(([, name]) => name === typed)?.[0];
    const userId = UUID.test(typed) ? typed : named;
    if (userId === undefined) return void (fault.textContent = words.unknownPerson);
    whom.value = "";
    void changes(async () => {
      await directory.invite(roomId, userId);
      notice.textContent = words.invited(typed);
    });
  });
  void changes(() => Promise.resolve());
  return element;

  /** Does something about the members, and shows what they are then. */
  async function changes(change: () => Promise<void>): Promise<void> {
    fault.textContent = "";
    notice.textContent = "";
    try {
      await change();
      draws(await directory.members(roomId));
    } catch (error) {
      fault.textContent = inWords(error, words);
    }
  }

  function draws(members: readonly Member[]): void {
    const me = account.user?.id;
    const mine = members.find(({ userId }) => userId === me)?.role;
    const known = host.known();
    list.replaceChildren(...members.map((member) => entry(member, known.get(member.userId), mine, member.userId === me)));
    const absent = [...known].filter(([id]) => id !== me && !members.some(({ userId }) => userId === id));
    options.replaceChildren(...absent.map(([, name]) => h("option", { value: name })));
    invite.hidden = mine !== "owner" && mine !== "moderator";
  }

  function entry({ userId, role }: Member, name: string | undefined, mine: string | undefined, isMe: boolean): HTMLElement {
    const called = isMe ? (account.user?.nickname ?? userId) : (name ?? userId);
    const item = h("li", {}, avatar(called), h("span", { className: "name" }, called), h("small", {}, words.roles[role] ?? role));
    const mayRemove = mine === "owner" || (mine === "moderator" && role === "member");
    if (!isMe && !mayRemove) return item;
    const label = isMe ? words.leaveRoom : words.remove(called);
    const remove = h("button", { type: "button", className: "quiet", title: label }, isMe ? label : icon(ICONS.close));
    remove.setAttribute("aria-label", label);
    remove.addEventListener("click", async () => {
      if (!isMe) return changes(() => directory.removeMember(roomId, userId));
      try {
        await directory.removeMember(roomId, userId);
        host.left();
      } catch (error) {
        fault.textContent = inWords(error, words);
      }
    });
    item.append(remove);
    return item;
  }
}
