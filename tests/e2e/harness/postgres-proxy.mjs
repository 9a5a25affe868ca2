// A way to Postgres that can break at the worst moment.

import { once } from "node:events";
import { connect, createServer } from "node:net";

import { databaseUrl } from "./environment.mjs";

/** What Postgres says of a COMMIT that is done (protocol 3.0, CommandComplete). */
const COMMITTED = Buffer.from("COMMIT\0");

export class PostgresProxy {
  /** Postgres, by way of this proxy. */
  url;
  #server;
  #connections = new Set();
  #commitIsCut;

  static async startsFor(t) {
    const proxy = new PostgresProxy();
    const real = new URL(databaseUrl);
    proxy.#server = createServer((client) => proxy.#carries(client, real));
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    t.after(() => proxy.#stops());
    const url = new URL(databaseUrl);
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
    client.pipe(server);
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
