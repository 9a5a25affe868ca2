// A Redis that belongs to one test, which may kill it.

import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { until } from "./deadline.mjs";
import { redisProgram } from "./environment.mjs";
import { Program } from "./program.mjs";

export class Redis {
  #port;
  #folder;
  #program;

  static async starts(t) {
    const redis = new Redis();
    redis.#port = await freePort();
    redis.#folder = await mkdtemp(join(tmpdir(), "maru-redis-"));
    t.after(async () => {
      if (redis.#program?.isRunning()) await redis.dies();
      await rm(redis.#folder, { recursive: true });
    });
    await redis.returns();
    return redis;
  }

  get url() {
    return `redis://127.0.0.1:${this.#port}`;
  }

  /** Kills it as a crash would. */
  async dies() {
    await this.#program.dies();
  }

  /** Starts it, empty, at the same address. */
  async returns() {
    const address = ["--bind", "127.0.0.1", "--port", String(this.#port)];
    const keepNothing = ["--save", "", "--appendonly", "no", "--dir", this.#folder];
    this.#program = new Program(redisProgram, {}, { args: [...address, ...keepNothing] });
    await this.isBack();
  }

  /** Lets it take everything in and answer nothing; what came meanwhile is then done. */
  async stalls(ms) {
    const answer = await this.#asks(`CLIENT PAUSE ${ms} ALL`);
    if (answer !== "+OK") throw new Error(`Redis says ${answer}`);
  }

  /** Publishes what no instance has: a payload on a channel. */
  async spreads(channel, payload) {
    const parts = ["SPUBLISH", channel, payload].map(
      (part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`,
    );
    const answer = await this.#asks(`*3\r\n${parts.join("").trimEnd()}`);
    if (!answer?.startsWith(":")) throw new Error(`Redis says ${answer}`);
  }

  /** Ends every connection but the one that says so. */
  async endsConnections() {
    const ended = [];
    for (const type of ["normal", "pubsub"]) {
      ended.push(await this.#asks(`CLIENT KILL TYPE ${type} SKIPME yes`));
    }
    if (ended.some((answer) => !answer?.startsWith(":"))) throw new Error(`Redis says ${ended}`);
  }

  /** Bounds its memory, such as `1mb`; 0 is no bound. */
  async hasMemory(bytes) {
    const answer = await this.#asks(`CONFIG SET maxmemory ${bytes}`);
    if (answer !== "+OK") throw new Error(`Redis says ${answer}`);
  }

  /** Waits until it answers. */
  async isBack() {
    await until(async () => (await this.#asks("PING")) === "+PONG", "Redis answers");
  }

  /** Its answer to one command, or nothing where it cannot be reached. */
  async #asks(command) {
    const socket = connect(this.#port, "127.0.0.1");
    try {
      await once(socket, "connect");
      socket.write(`${command}\r\n`);
      const [answer] = await once(socket, "data");
      return answer.toString().trimEnd();
    } catch {
      return undefined;
    } finally {
      socket.destroy();
    }
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
