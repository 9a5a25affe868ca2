// Somebody who only looks on: what he is told of who is in a room.

import { Journal } from "../harness/journal.mjs";

/** One subscription to `/topic/{roomId}/presence`, and everything that it brought. */
export class Watch {
  name;
  room;
  /** When it was asked for, and up to when it was listened to. */
  asked = performance.now();
  ended = Infinity;
  /** The events, each with the time `at` which it was heard. */
  events = new Journal();

  constructor(name, room) {
    Object.assign(this, { name, room });
  }

  static async begins(person, room) {
    const watch = new Watch(person.name, room);
    const hear = (event) => watch.ended === Infinity && watch.events.add({ at: performance.now(), ...event });
    await person.listens(`/topic/${room}/presence`, hear);
    return watch;
  }

  /** Hears no more from here on. */
  ends(at = performance.now()) {
    this.ended = Math.min(this.ended, at);
  }

  /** Who is there by what was told so far; nothing before the first list. */
  list() {
    let list;
    for (const event of this.events.entries) list = after(list, event);
    return list;
  }

  /** Waits until these people, by their ids, are listed and nobody else; brings the list. */
  async sees(ids, limitMs) {
    const wanted = [...ids].sort().join();
    const sofar = () => `${this.name} sees ${wanted} in ${this.room} (so far ${JSON.stringify(this.events.entries)})`;
    await this.events.until(() => this.list() && [...this.list()].sort().join() === wanted, sofar, limitMs);
    return this.list();
  }

  /** Waits until it is told who is there. */
  async hasList() {
    await this.events.until((events) => events.length > 0, `${this.name} is told who is in ${this.room}`);
    return this.list();
  }
}

/** The list, of ids, that an event makes of the one before. */
export function after(list, event) {
  if (event.type === "state") return new Set(event.members.map(({ userId }) => userId));
  const next = new Set(list);
  if (event.type === "join") next.add(event.userId);
  if (event.type === "leave") next.delete(event.userId);
  return next;
}
