// What this browser keeps between visits: no token, nothing that anybody said.

import type { Language } from "./words.ts";

/** How many rooms are listed, and listened to. */
export const ROOMS_MAX = 12;

/** A room of the list, and how far it was read. */
export interface KeptRoom {
  readonly id: string;
  readonly read: number;
  /** What it is called, where that is not its id. */
  readonly name?: string | undefined;
}

interface Kept {
  nickname: string;
  language: Language;
  rooms: KeptRoom[];
  /** Whether the last one here had an account, whose session may still be good. */
  hasSession: boolean;
}

const KEY = "maru";

export const kept: Kept = { ...defaults(), ...stored() };

/** Writes down what has changed. */
export function keep(changes: Partial<Kept>): void {
  Object.assign(kept, changes);
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // A browser that keeps nothing shows the page all the same.
  }
}

function defaults(): Kept {
  const language = navigator.language.startsWith("ko") ? "ko" : "en";
  return { nickname: "", language, rooms: [{ id: "lobby", read: 0 }], hasSession: false };
}

function stored(): Partial<Kept> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Kept>;
  } catch {
    return {};
  }
}
