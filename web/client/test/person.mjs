// Somebody who talks through the client.

import { Account, MaruClient, MemoryOutboxStore } from "@maru/client";
import WebSocket from "ws";

import { within } from "../../../tests/e2e/harness/deadline.mjs";

/** One user with one client. */
export class Person {
  account;
  client;
  /** Every status of the client. */
  statuses = [];
  /** The paths that were asked over HTTP. */
  asked = [];

  static async entersAsGuest(t, server, nickname, options) {
    const person = new Person(server);
    await person.account.enterAsGuest(nickname);
    return person.#begins(t, server, options);
  }

  static async signsUp(t, server, nickname, options) {
    const person = new Person(server);
    const email = `${nickname.toLowerCase()}-${crypto.randomUUID()}@example.org`;
    await person.account.signUp(email, "correct horse battery", nickname);
    return person.#begins(t, server, options);
  }

  constructor(server) {
    const cookies = new CookieJar();
    const ask = (url, init) => {
      this.asked.push(new URL(url).pathname);
      return cookies.fetch(url, init);
    };
    this.fetch = ask;
    this.account = new Account({ url: server.address, fetch: ask });
  }

  /** Another client of the same user, as another page has one. */
  begins(t, server, options = {}) {
    return this.#begins(t, server, options);
  }

  /** Waits for a status. */
  async becomes(state, limitMs) {
    if (this.client.status.state === state) return this.client.status;
    let stop;
    const became = new Promise((resolve) => {
      stop = this.client.on("status", (status) => status.state === state && resolve(status));
    });
    return within(became, () => `${state}; so far ${JSON.stringify(this.statuses)}`, limitMs).finally(stop);
  }

  /** Waits until a room's list is as it should be. */
  async sees(room, condition, limitMs) {
    const contents = () => room.items.map(({ state, seq, content }) => `${seq ?? "-"} ${state} ${content}`);
    if (condition(room.items)) return;
    let stop;
    const seen = new Promise((resolve, reject) => {
      stop = room.on("change", () => {
        try {
          if (condition(room.items)) resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
    const what = () => `${condition} holds for what is seen:\n${contents().slice(-20).join("\n")}`;
    await within(seen, what, limitMs).finally(stop);
  }

  #begins(t, server, { outbox = new MemoryOutboxStore() } = {}) {
    this.client = new MaruClient({
      url: server.address,
      account: this.account,
      outbox,
      socket: (url, protocols) => new WebSocket(url, protocols),
      fetch: this.fetch,
    });
    this.client.on("status", (status) => this.statuses.push(status));
    this.client.connect();
    const { client } = this;
    t.after(() => client.disconnect());
    return this;
  }
}

/** As much of a browser's cookie jar as one server needs. */
class CookieJar {
  #cookies = new Map();

  fetch = async (url, init = {}) => {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = cookie && new URL(url).pathname.startsWith("/auth") ? { ...init.headers, cookie } : init.headers;
    const response = await fetch(url, { ...init, headers });
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set);
      if (value === "") this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  };
}
