// What was seen, in order, with waits on it.

import { within } from "./deadline.mjs";

export class Journal {
  entries = [];
  #watchers = new Set();

  add(entry) {
    this.entries.push(entry);
    for (const watcher of this.#watchers) watcher();
  }

  /** Brings what `condition` makes of the entries as soon as that is true. */
  async until(condition, what, limitMs) {
    const now = condition(this.entries);
    if (now) return now;
    let watcher;
    const fulfilled = new Promise((resolve, reject) => {
      watcher = () => {
        try {
          const then = condition(this.entries);
          if (then) resolve(then);
        } catch (error) {
          reject(error);
        }
      };
      this.#watchers.add(watcher);
    });
    try {
      return await within(fulfilled, what, limitMs);
    } finally {
      this.#watchers.delete(watcher);
    }
  }
}
