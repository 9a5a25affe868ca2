// What faults are injected into: two instances, history over HTTP, a Postgres and a Redis, all of
// them real and all of them this test's own.

import { after, before } from "node:test";

import { until } from "../../harness/deadline.mjs";
import { failpointsProgram, socketTierProgram } from "../../harness/environment.mjs";
import { measures } from "../../harness/measures.mjs";
import { Program } from "../../harness/program.mjs";
import { Redis } from "../../harness/redis.mjs";
import { keepsSecret } from "../../harness/secrets.mjs";
import { Server, freePort } from "../../harness/server.mjs";
import { Wire } from "../../harness/wire.mjs";
import { smallDisk } from "./disk.mjs";
import { Postgres } from "./postgres.mjs";
import { proves } from "./verify.mjs";

/** A second: whoever is gone is noticed soon. */
const HEARTBEAT_MS = "1000";
/** What `maru verify` fills its messages with; the short ones have less of it. */
const PADDING = "마루 Halle, 😀";
const SECRET = "under which the instances of these tests sign what they say";
const INSTANCES = 2;

/** What all faults share. */
export class Ground {
  postgres;
  redis;
  history;

  #environment;

  /** `environment` is for the instances, beyond what all of them are told. */
  static async stands(t, { hasSmallDisk = false, environment = {} } = {}) {
    keepsSecret("secret of the instances", SECRET);
    keepsSecret("message", PADDING);
    const ground = new Ground();
    ground.#environment = environment;
    [ground.postgres, ground.redis] = await Promise.all([
      Postgres.starts(t, hasSmallDisk ? await smallDisk(t) : undefined),
      Redis.starts(t),
    ]);
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
      ...this.#environment,
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

  static async starts(t, ground, way) {
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
    await instance.returns(way);
    return instance;
  }

  get address() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Where clients find it, past the wire that can be cut. */
  get socket() {
    return `ws://127.0.0.1:${this.wires.clients.port}/ws`;
  }

  /**
   * Starts it, told to fail where `failpoints` says so; a `shell` script may start it as "$0", and
   * another `program` is one of another version.
   */
  async returns({ failpoints, shell, program } = {}) {
    program ??= failpoints ? failpointsProgram : socketTierProgram;
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

  /** Each instance starts in its way, as it may come back: see `Instance.returns`. */
  static async stands(t, ground, ways = []) {
    const deployment = new Deployment();
    deployment.ground = ground;
    deployment.#t = t;
    const indices = Array.from({ length: INSTANCES }, (_, index) => index);
    deployment.instances = await Promise.all(
      indices.map((index) => Instance.starts(t, ground, ways[index])),
    );
    return deployment;
  }

  /**
   * Lets `maru verify` send and listen for some seconds while `fault` does its harm, and brings the
   * verdict. The rooms are called `{prefix}-0`, `{prefix}-1`, …
   */
  async proves({ seconds = 8, rate = 100, rooms = 6, fault = async () => {} } = {}) {
    const sockets = this.instances.map(({ socket }) => socket);
    const meanwhile = (prefix) => fault(this, prefix);
    const load = { rate, rooms, senders: 6, listeners: 24 };
    return proves(this.#t, this.ground, sockets, { seconds, meanwhile, ...load });
  }
}

/** A ground that stands for a whole suite: its `ground` is there when its first test begins. */
export function groundOfSuite(options) {
  const ends = new Ends();
  const stands = {};
  before(async () => {
    stands.ground = await Ground.stands(ends, options);
  });
  after(() => ends.come());
  return stands;
}

/** A ground for one test. */
export async function groundOf(t, options) {
  const ends = new Ends(t);
  t.after(() => ends.come());
  return Ground.stands(ends, options);
}

/** What is to be done at the end: who stands on the others goes first. */
class Ends {
  #ends = [];
  #t;

  constructor(t) {
    this.#t = t;
  }

  after(end) {
    this.#ends.push(end);
  }

  diagnostic(text) {
    this.#t?.diagnostic(text);
  }

  async come() {
    for (const end of this.#ends.reverse()) await end();
  }
}
