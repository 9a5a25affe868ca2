// A way to a server that a test can cut, stall and heal: a partition between two parts of the system.

import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Wire {
  #server;
  #connections = new Set();
  #isCut = false;
  #isStalled = false;

  /** A wire to a port of this machine, for the length of a test. */
  static async leadsTo(t, port) {
    const wire = new Wire();
    wire.#server = createServer((client) => wire.#carries(client, port));
    wire.#server.listen(0, "127.0.0.1");
    await once(wire.#server, "listening");
    t.after(() => wire.#stops());
    return wire;
  }

  /** A wire to what a URL names, and the URL that leads over it. */
  static async insteadOf(t, url) {
    const wire = await Wire.leadsTo(t, Number(new URL(url).port || 5432));
    const over = new URL(url);
    over.hostname = "127.0.0.1";
    over.port = String(wire.port);
    return { wire, url: over.href };
  }

  get port() {
    return this.#server.address().port;
  }

  /** Breaks every connection and lets nobody through. */
  cuts() {
    this.#isCut = true;
    for (const socket of this.#connections) socket.destroy();
  }

  /** Keeps every connection, new ones too, and carries nothing: neither side hears of it. */
  stalls() {
    this.#isStalled = true;
    for (const socket of this.#connections) socket.pause();
  }

  /** Carries again, and what waited too. */
  heals() {
    this.#isCut = this.#isStalled = false;
    for (const socket of this.#connections) socket.resume();
  }

  #carries(client, port) {
    if (this.#isCut) return client.destroy();
    const server = connect(port, "127.0.0.1");
    const both = [client, server];
    for (const [from, to] of [both, both.toReversed()]) {
      this.#connections.add(from);
      from.on("data", (bytes) => {
        // What the other side does not take in is kept back.
        if (!to.write(bytes)) from.pause();
      });
      to.on("drain", () => {
        if (!this.#isStalled) from.resume();
      });
      from.on("error", () => {});
      from.on("close", () => {
        this.#connections.delete(from);
        to.destroy();
      });
      if (this.#isStalled) from.pause();
    }
  }

  async #stops() {
    this.#server.close();
    for (const socket of this.#connections) socket.destroy();
    await once(this.#server, "close");
  }
}
