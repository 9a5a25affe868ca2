// The rooms that are made, and who is in them.

import type { Request } from "./http.js";
import type { Invitation, Member, ReadPosition, RoomInfo, RoomRole, Visibility } from "./wire.js";

/** How many entries a page of a list has. */
const PAGE_ENTRIES = 200;
/** How many pages of a list are read at most. */
const PAGES_MAX = 20;

/** Asks the server under the token of whoever speaks. */
export type Ask = <T>(path: string, request?: Request) => Promise<T>;

/** A room that is to be made. */
export interface RoomWish {
  readonly name: string;
  readonly visibility: Visibility;
  /** An id of one's own, for a wish that can be repeated; the server mints one otherwise. */
  readonly roomId?: string;
}

interface ListPage {
  readonly page: { readonly after?: string };
}

/** Rooms that were made, as opposed to open ones, which exist by being named. Members alone see them. */
export class Directory {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** The rooms that one is a member of. */
  rooms(): Promise<RoomInfo[]> {
    return this.#list("/rooms", (page: ListPage & { rooms: RoomInfo[] }) => page.rooms);
  }

  /** Makes a room and owns it; a guest may not. */
  create(wish: RoomWish): Promise<RoomInfo> {
    return this.#ask("/rooms", { method: "POST", body: wish });
  }

  room(roomId: string): Promise<RoomInfo> {
    return this.#ask(path(roomId));
  }

  rename(roomId: string, name: string): Promise<RoomInfo> {
    return this.#ask(path(roomId), { method: "PATCH", body: { name } });
  }

  /** Ends a room: nobody is a member any more. */
  close(roomId: string): Promise<void> {
    return this.#ask(path(roomId), { method: "DELETE" });
  }

  members(roomId: string): Promise<Member[]> {
    return this.#list(`${path(roomId)}/members`, (page: ListPage & { members: Member[] }) => page.members);
  }

  /** Brings somebody in, or gives a member another role. */
  async setMember(roomId: string, userId: string, role: RoomRole): Promise<void> {
    await this.#ask(`${path(roomId)}/members/${encodeURIComponent(userId)}`, { method: "PUT", body: { role } });
  }

  /** Removes a member; one's own self, to leave. */
  removeMember(roomId: string, userId: string): Promise<void> {
    return this.#ask(`${path(roomId)}/members/${encodeURIComponent(userId)}`, { method: "DELETE" });
  }

  /** Asks somebody in, who may come or not. */
  invite(roomId: string, userId: string): Promise<void> {
    return this.#ask(`${path(roomId)}/invitations/${encodeURIComponent(userId)}`, { method: "PUT" });
  }

  /** The rooms that one is asked into. */
  invitations(): Promise<Invitation[]> {
    return this.#list("/rooms/invitations/mine", (page: ListPage & { invitations: Invitation[] }) => page.invitations);
  }

  /** Comes in where one is asked, `userId` being oneself. */
  accept(roomId: string, userId: string): Promise<void> {
    return this.setMember(roomId, userId, "member");
  }

  /** Declines an invitation of one's own, or takes another's back. */
  uninvite(roomId: string, userId: string): Promise<void> {
    return this.#ask(`${path(roomId)}/invitations/${encodeURIComponent(userId)}`, { method: "DELETE" });
  }

  /** Notes that one has read a room up to a place; answers where one stands, which is never earlier. */
  readTo(roomId: string, seq: number): Promise<ReadPosition> {
    return this.#ask(`${path(roomId)}/read`, { method: "PUT", body: { seq } });
  }

  async #list<Page extends ListPage, Entry>(of: string, entries: (page: Page) => Entry[]): Promise<Entry[]> {
    const all: Entry[] = [];
    let after: string | undefined;
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      const cursor = after === undefined ? {} : { after };
      const page = await this.#ask<Page>(`${of}?${new URLSearchParams({ limit: String(PAGE_ENTRIES), ...cursor })}`);
      all.push(...entries(page));
      after = page.page.after;
      if (after === undefined) break;
    }
    return all;
  }
}

function path(roomId: string): string {
  return `/rooms/${encodeURIComponent(roomId)}`;
}
