// The network between a browser and its server, which a test can cut.

import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Line {
  /** What the browser takes for the server. */
  address;
  #server;
  #sockets = new Set();
  #isCut = false;

  /** Lays a line to `target()`, which is asked for at every connection. */
  static async laysFor(t, target) {
    const line = new Line();
    line.#server = createServer((socket) => line.#joins(socket, new URL(target())));
    line.#server.listen(0, "127.0.0.1");
    await once(line.#server, "listening");
    line.address = `http://127.0.0.1:${line.#server.address().port}`;
    t.after(() => {
      line.cuts();
      line.#server.close();
    });
    return line;
  }

  /** Ends every connection and takes no other. */
  cuts() {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mends() {
    this.#isCut = false;
  }

  #joins(near, { hostname, port }) {
    if (this.#isCut) return near.destroy();
    const far = connect(Number(port), hostname);
    near.pipe(far).pipe(near);
    for (const [socket, other] of [[near, far], [far, near]]) {
      this.#sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
