// `maru` as a test starts it: on the native Postgres, with a port and a key that outlive its death.

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { databaseUrl, maruProgram } from "./environment.mjs";
import { Program } from "./program.mjs";

export class Server {
  address;
  #environment;
  #program;

  /** Starts one for the length of a test, or of whatever else has `after`. */
  static async startsFor(t, environment = {}) {
    const folder = await mkdtemp(join(tmpdir(), "maru-server-"));
    const server = new Server();
    server.#environment = {
      DATA_DIR: folder,
      LISTEN: `127.0.0.1:${await freePort()}`,
      DATABASE_URL: databaseUrl,
      ...environment,
    };
    t.after(async () => {
      if (server.#program.isRunning()) await server.dies();
      await rm(folder, { recursive: true });
    });
    await server.starts();
    return server;
  }

  async starts() {
    this.#program = new Program(maruProgram, this.#environment);
    this.address = await this.#program.listens();
  }

  async dies() {
    await this.#program.dies();
  }

  async stops() {
    await this.#program.stops();
  }

  /** Its resident memory, in bytes. */
  async residentBytes() {
    return this.#program.residentBytes();
  }
}

/** A port that nobody listens on. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
