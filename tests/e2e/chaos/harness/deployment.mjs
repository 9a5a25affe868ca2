// What faults are injected into: two instances, history over HTTP, a Postgres and a Redis, all of
// them real and all of them this test's own; and whoever proves that the promises are kept.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";

import { until } from "../../harness/deadline.mjs";
import { maruProgram, socketTierProgram } from "../../harness/environment.mjs";
import { measures } from "../../harness/measures.mjs";
import { Program } from "../../harness/program.mjs";
import { Redis } from "../../harness/redis.mjs";
import { Server, freePort } from "../../harness/server.mjs";
import { Wire } from "../../harness/wire.mjs";
import { failpointsProgram } from "./environment.mjs";
import { Postgres } from "./postgres.mjs";

/** A second: whoever is gone is noticed soon. */
const HEARTBEAT_MS = "1000";
const SECRET = "under which the instances of these tests sign what they say";
const VERDICT_MS = 240_000;
const INSTANCES = 2;

/** What all faults share. */
export class Ground {
  postgres;
  redis;
  history;

  static async stands(t) {
    const ground = new Ground();
    [ground.postgres, ground.redis] = await Promise.all([Postgres.starts(t), Redis.starts(t)]);
    // It makes the tables; the instances then find them.
    ground.history = await Server.startsFor(t, ground.environment);
    return ground;
  }

  get environment() {
    return {
      AUTH_MODE: "optional",
      DATABASE_URL: this.postgres.url,
      REDIS_URL: this.redis.url,
      FANOUT_SECRET: SECRET,
      HEARTBEAT_MS,
      PROFILE: "production",
    };
  }
}

/** One instance at an address that outlives it. */
export class Instance {
  /** The ways that can be cut: to its clients, to Postgres, to Redis. */
  wires;
  #port;
  #environment;
  #program;

  static async starts(t, ground, failpoints) {
    const instance = new Instance();
    instance.#port = await freePort();
    const [postgres, redis, clients] = await Promise.all([
      Wire.insteadOf(t, ground.postgres.url),
      Wire.insteadOf(t, ground.redis.url),
      Wire.leadsTo(t, instance.#port),
    ]);
    instance.wires = { postgres: postgres.wire, redis: redis.wire, clients };
    instance.#environment = {
      ...ground.environment,
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      LISTEN: `127.0.0.1:${instance.#port}`,
    };
    t.after(() => instance.#program.isRunning() && instance.dies());
    await instance.returns(failpoints);
    return instance;
  }

  get address() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Where clients find it, past the wire that can be cut. */
  get socket() {
    return `ws://127.0.0.1:${this.wires.clients.port}/ws`;
  }

  /** Starts it, told to fail where `failpoints` says so; a `shell` script may start it as "$0". */
  async returns(failpoints, shell) {
    const program = failpoints ? failpointsProgram : socketTierProgram;
    const environment = { ...this.#environment, ...(failpoints && { FAILPOINTS: failpoints }) };
    this.#program = shell
      ? new Program("/bin/sh", environment, { args: ["-c", shell, program] })
      : new Program(program, environment);
    await this.#program.listens();
  }

  /** Kills it. */
  async dies() {
    await this.#program.dies();
  }

  /** Asks it to leave; it must do so in good order. */
  async stops() {
    await this.#program.stops();
  }

  /** Waits until it has killed itself, as a failpoint had it do. */
  async hasDied() {
    await until(() => !this.#program.isRunning(), "the failpoint strikes", 60_000);
  }

  /** One of its measures, 0 where it does not have it. */
  async measure(name) {
    return (await measures(this)).get(name) ?? 0;
  }
}

/** Two instances for one fault, and what drives them. */
export class Deployment {
  ground;
  instances;
  #t;

  static async stands(t, ground, failpoints = []) {
    const deployment = new Deployment();
    deployment.ground = ground;
    deployment.#t = t;
    const indices = Array.from({ length: INSTANCES }, (_, index) => index);
    deployment.instances = await Promise.all(
      indices.map((index) => Instance.starts(t, ground, failpoints[index])),
    );
    return deployment;
  }

  /**
   * Lets `maru verify` send and listen for some seconds while `fault` does its harm, and brings the
   * verdict. The rooms are called `{prefix}-0`, `{prefix}-1`, …
   */
  async proves({ seconds = 8, rate = 100, rooms = 6, fault = async () => {} } = {}) {
    const folder = await mkdtemp(join(tmpdir(), "maru-chaos-"));
    this.#t.after(() => rm(folder, { recursive: true }));
    const file = join(folder, "report.json");
    const prefix = `chaos-${crypto.randomUUID()}`;
    const told = {
      "--history": this.ground.history.address,
      "--database-url": this.ground.postgres.url,
      "--rate": rate,
      "--rooms": rooms,
      "--senders": 6,
      "--listeners": 24,
      "--duration": `${seconds}s`,
      "--room-prefix": prefix,
      "--json": file,
      "--journal": join(folder, "journal"),
    };
    const sockets = this.instances.flatMap(({ socket }) => ["--url", socket]);
    const args = Object.entries(told).flatMap(([name, value]) => [name, String(value)]);
    const verify = new Program(maruProgram, {}, { args: ["verify", ...sockets, ...args] });
    await until(() => verify.log().includes("load:"), () => `the load begins\n${verify.logTail()}`);
    await fault(this, prefix);
    const { code, stdout, stderr } = await verify.ends(VERDICT_MS);
    if (code === 2) throw new Error(`nothing could be decided\n${stderr}`);
    const report = JSON.parse(await readFile(file, "utf8"));
    return { ...report, text: stdout };
  }
}

/** A ground that stands for a whole suite: its `ground` is there when its first test begins. */
export function groundOfSuite() {
  const ends = [];
  const stands = {};
  before(async () => {
    stands.ground = await Ground.stands({ after: (end) => ends.push(end) });
  });
  after(async () => {
    // Who stands on the others goes first.
    for (const end of ends.reverse()) await end();
  });
  return stands;
}
