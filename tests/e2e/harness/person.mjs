// Somebody who talks: the language of the tests, over @stomp/stompjs.

import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";

import { Client } from "@stomp/stompjs";
import WebSocket from "ws";

import { within } from "./deadline.mjs";
import { holdsMessage, holdsReceipt } from "./documents.mjs";
import { Journal } from "./journal.mjs";
import { keepsSecret, keepsSecretsOf } from "./secrets.mjs";

const SUBPROTOCOLS = ["v12.stomp", "v11.stomp", "v10.stomp"];
export const ERRORS = "/user/queue/errors";

export class Person {
  name;
  /** Problems told: `{ receiptId, endedSubscription, problem }`. */
  problems = new Journal();
  /** ERROR frames of the server: `{ headers, body }`. */
  errors = new Journal();
  #client;
  #rooms = new Map();
  #answers = new Map();
  #closed;

  /** Connects to a server, with a token where there is one, and listens for problems. */
  static async connects(t, name, { address }, token) {
    const person = new Person(name, `${address.replace("http", "ws")}/ws`, token);
    t.after(() => person.leaves());
    await person.#connected(name);
    await person.#subscribes(ERRORS, {}, (message) => person.#isToldOfProblem(message));
    return person;
  }

  /** Tries to connect and is not let in: how the socket was closed, and what was said before. */
  static async isTurnedAway(t, name, { address }, token) {
    const person = new Person(name, `${address.replace("http", "ws")}/ws`, token);
    t.after(() => person.leaves());
    const connected = new Promise((resolve) => {
      person.#client.onConnect = () => resolve();
    });
    person.#client.activate();
    const closed = await within(Promise.race([connected, person.#closed]), `${name} is answered`);
    if (!closed) throw new Error(`${name} was let in`);
    return { ...closed, error: person.errors.entries[0]?.headers.message };
  }

  constructor(name, url, token) {
    this.name = name;
    keepsSecret("access token", token);
    this.#client = new Client({
      connectHeaders: token ? { Authorization: `Bearer ${token}` } : {},
      webSocketFactory: () => new WebSocket(url, SUBPROTOCOLS),
      reconnectDelay: 0,
      onStompError: ({ headers, body }) => this.errors.add({ headers, body }),
    });
    this.#closed = new Promise((resolve) => {
      this.#client.onWebSocketClose = ({ code, reason }) => resolve({ code, reason });
    });
  }

  async #connected(name) {
    const connected = new Promise((resolve) => {
      this.#client.onConnect = () => resolve();
    });
    this.#client.activate();
    const closed = await within(Promise.race([connected, this.#closed]), `${name} is CONNECTED`);
    if (closed) throw new Error(`${name} was not let in: ${JSON.stringify(closed)}`);
  }

  /** Goes on under a newer token. */
  async renews(accessToken) {
    const { problem } = await this.sends("/app/auth", { accessToken });
    if (problem) throw new Error(`${this.name} may not go on: ${JSON.stringify(problem)}`);
  }

  /** Tries to listen in a room: the problem that it is refused with. */
  async isRefused(room, headers = {}) {
    return this.isRefusedAt(`/topic/${room}`, headers);
  }

  /** Tries to listen at a destination: the problem that it is refused with. */
  async isRefusedAt(destination, headers = {}) {
    const { problem } = await this.#asksToListen(destination, headers, () => {});
    return problem;
  }

  /** Waits until the server has ended the subscription to a room. */
  async isPutOutOf(room, limitMs) {
    const { id } = this.#rooms.get(room).subscription;
    return this.problems.until(
      (problems) => problems.find(({ endedSubscription }) => endedSubscription === id),
      `${this.name} is put out of ${room}`,
      limitMs,
    );
  }

  /** Listens in a room; done when the server says so. */
  async enters(room, headers = {}) {
    const heard = { shown: [], stored: [], committed: [], changed: [], rejected: [] };
    const journal = new Journal();
    const traceparents = [];
    const place = { heard, journal, traceparents };
    this.#rooms.set(room, place);
    place.subscription = await this.#subscribes(`/topic/${room}`, headers, ({ headers: { traceparent }, body }) => {
      const event = JSON.parse(body);
      if (traceparent) traceparents.push(traceparent);
      heard[kindOf(event)].push(event);
      journal.add(event);
    });
  }

  /** Listens at another destination: what is told there, as a journal. */
  async follows(destination, headers = {}) {
    const journal = new Journal();
    await this.listens(destination, (event) => journal.add(event), headers);
    return journal;
  }

  /** Listens at another destination, and hands on what is told there as it comes. */
  async listens(destination, hear, headers = {}) {
    await this.#subscribes(destination, headers, ({ body }) => hear(JSON.parse(body)));
  }

  /** Listens no more in a room; done when the server says so. What was heard is kept. */
  async stopsListening(room) {
    const receipt = randomUUID();
    const answer = this.#answer(receipt, `UNSUBSCRIBE from ${room}`);
    this.#rooms.get(room).subscription.unsubscribe({ receipt });
    await answer;
  }

  /**
   * Says something and waits for the receipt: its headers as an object with real types. Whoever
   * speaks `patiently` sends again, under the same tempId, what the server refuses for a moment.
   */
  async says(room, content, { tempId = randomUUID(), limitMs, patiently = false, headers } = {}) {
    const draft = { content, roomId: room, sender: this.name, tempId };
    const { receipt, problem } = await this.sends("/app/chat", draft, { limitMs, headers });
    if (problem && patiently && problem.retryable) {
      await pause(problem.retryAfterMs);
      return this.says(room, content, { tempId, limitMs, patiently, headers });
    }
    if (problem) throw new Error(`${this.name} got no receipt: ${JSON.stringify(problem)}`);
    holdsReceipt(receipt);
    return {
      messageId: receipt["message-id"],
      tempId: receipt["temp-id"],
      seq: Number(receipt.seq),
      createdAt: receipt["created-at"],
      duplicate: receipt.duplicate === "true",
    };
  }

  /**
   * SENDs a body, an object as JSON, and waits for the answer: `{ receipt }` or `{ problem }`.
   */
  async sends(destination, body, { limitMs, headers } = {}) {
    const receipt = randomUUID();
    const answer = this.#answer(receipt, `SEND to ${destination}`, limitMs);
    this.throws(destination, body, { ...headers, receipt });
    return answer;
  }

  /** SENDs a body, an object as JSON, and goes on. */
  throws(destination, body, headers) {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    keepsSecretsOf(body);
    this.#client.publish({ destination, body: text, headers });
  }

  /** What was heard in a room so far. */
  heard(room) {
    return this.#rooms.get(room).heard;
  }

  /** The traces that what was heard in a room was in. */
  traceparents(room) {
    return this.#rooms.get(room).traceparents;
  }

  /** Waits until `condition` holds for what was heard in a room. */
  async hears(room, condition, limitMs) {
    const { heard, journal } = this.#rooms.get(room);
    const sofar = () => {
      const counts = Object.entries(heard).map(([kind, events]) => `${kind} ${events.length}`);
      return `${this.name} hears ${condition} (so far ${counts.join(", ")})`;
    };
    return journal.until(() => condition(heard), sofar, limitMs);
  }

  /** Waits until a text is both shown and stored in a room. */
  async hearsStored(room, content, limitMs) {
    await this.hears(
      room,
      ({ shown, stored }) => {
        const message = shown.find((event) => event.content === content);
        return message && stored.some(({ tempId }) => tempId === message.tempId);
      },
      limitMs,
    );
  }

  /** Waits until the server has closed the socket: `{ code, reason }`. */
  async isClosed() {
    return within(this.end, `${this.name}'s socket is closed`);
  }

  get isConnected() {
    return this.#client.connected;
  }

  /** Brings `{ code, reason }` when the socket is closed, whoever closed it. */
  get end() {
    return this.#closed;
  }

  /** Goes without a word: the socket breaks. */
  vanishes() {
    this.#client.webSocket?.terminate();
  }

  /** Says goodbye and waits until the socket is closed. */
  async leaves() {
    if (!this.#client.active) return;
    await within(this.#client.deactivate(), `${this.name} leaves`);
  }

  async #subscribes(destination, headers, hear) {
    const holds = (message) => {
      holdsMessage(destination, message.body);
      hear(message);
    };
    const { subscription, problem } = await this.#asksToListen(destination, headers, holds);
    if (problem) throw new Error(`${this.name} may not listen: ${JSON.stringify(problem)}`);
    return subscription;
  }

  async #asksToListen(destination, headers, hear) {
    const receipt = randomUUID();
    const answer = this.#answer(receipt, `SUBSCRIBE ${destination}`);
    const subscription = this.#client.subscribe(destination, hear, { ...headers, receipt });
    return { subscription, ...(await answer) };
  }

  #answer(receipt, what, limitMs) {
    const answered = new Promise((resolve) => {
      this.#answers.set(receipt, resolve);
      this.#client.watchForReceipt(receipt, ({ headers }) => resolve({ receipt: headers }));
    });
    return within(answered, `${this.name}'s ${what} is answered`, limitMs).finally(() =>
      this.#answers.delete(receipt),
    );
  }

  #isToldOfProblem({ headers, body }) {
    const problem = JSON.parse(body);
    const receiptId = headers["receipt-id"];
    const endedSubscription = headers["ended-subscription"];
    this.problems.add({ receiptId, endedSubscription, problem });
    this.#answers.get(receiptId)?.({ problem });
  }
}

/** Which of the contract's events a MESSAGE in a room is. */
function kindOf(event) {
  if (event.rejected) return "rejected";
  if (event.createdAt === null) return "shown";
  if ("content" in event && event.rev > event.seq) return "changed";
  return "content" in event ? "committed" : "stored";
}
