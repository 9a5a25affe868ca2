// A way to Postgres that can break at the worst moment.

import { once } from "node:events";
import { connect, createServer } from "node:net";

import { databaseUrl } from "./environment.mjs";

/** What a client sends to hear whether the server is there (Sync). */
const PING = Buffer.from([0x53, 0, 0, 0, 4]);
/** What Postgres says of a COMMIT that is done (protocol 3.0, CommandComplete). */
const COMMITTED = Buffer.from("COMMIT\0");

export class PostgresProxy {
  /** Postgres, by way of this proxy. */
  url;
  #server;
  #connections = new Set();
  #commitIsCut;
  #pingIsLost = false;

  static async startsFor(t, behind = databaseUrl) {
    const proxy = new PostgresProxy();
    const real = new URL(behind);
    proxy.#server = createServer((client) => proxy.#carries(client, real));
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    t.after(() => proxy.#stops());
    const url = new URL(behind);
    url.host = `127.0.0.1:${proxy.#server.address().port}`;
    // What is encrypted cannot be looked at.
    url.searchParams.set("sslmode", "disable");
    proxy.url = url.href;
    return proxy;
  }

  /** Breaks the connection on which the next COMMIT succeeds, before the client hears of it. */
  cutsNextCommit() {
    return new Promise((resolve) => {
      this.#commitIsCut = resolve;
    });
  }

  /** From now on nothing gets through on the connections of now, which stay open. */
  fallsSilent() {
    for (const socket of this.#connections) silence(socket);
  }

  /** Lets the connection that is pinged next fall silent with that. */
  fallsSilentAtPing() {
    this.#pingIsLost = true;
  }

  #carries(client, { hostname, port }) {
    const server = connect(Number(port || 5432), hostname);
    const both = [client, server];
    const ends = () => both.forEach((socket) => socket.destroy());
    for (const socket of both) {
      this.#connections.add(socket);
      socket.on("error", ends);
      socket.on("close", () => {
        this.#connections.delete(socket);
        ends();
      });
    }
    client.on("data", (bytes) => {
      if (this.#pingIsLost && bytes.equals(PING)) {
        this.#pingIsLost = false;
        both.forEach(silence);
      } else {
        server.write(bytes);
      }
    });
    server.on("data", (bytes) => {
      if (this.#commitIsCut && bytes.includes(COMMITTED)) {
        this.#commitIsCut();
        this.#commitIsCut = undefined;
        ends();
      } else {
        client.write(bytes);
      }
    });
  }

  async #stops() {
    this.#server.close();
    for (const socket of this.#connections) socket.destroy();
    await once(this.#server, "close");
  }
}

function silence(socket) {
  socket.removeAllListeners("data").resume();
}
