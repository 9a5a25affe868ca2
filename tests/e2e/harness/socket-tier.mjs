// One instance of the socket tier.

import { after, before } from "node:test";

import { databaseUrl, redisUrl, socketTierProgram } from "./environment.mjs";
import { Program } from "./program.mjs";

export class SocketTier extends Program {
  /** `http://127.0.0.1:port` */
  address;

  /** Starts one for a test, and sees at its end that it stops in good order. */
  static async startsFor(t, environment, way) {
    const tier = await SocketTier.starts(environment, way);
    t.after(() => tier.isRunning() && tier.stops());
    return tier;
  }

  /**
   * Starts one, of another build where another `program` is named; a `shell` script may start it as
   * "$0".
   */
  static async starts(environment = {}, { program = socketTierProgram, shell } = {}) {
    const told = {
      LISTEN: "127.0.0.1:0",
      AUTH_MODE: "optional",
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      ...environment,
    };
    const tier = shell
      ? new SocketTier("/bin/sh", told, { args: ["-c", shell, program] })
      : new SocketTier(program, told);
    tier.address = await tier.listens();
    return tier;
  }
}

/** Two instances for a whole suite that share their Postgres and their Redis. */
export function twoInstances() {
  const instances = [];
  before(async () => {
    const two = [SocketTier.starts(), SocketTier.starts()];
    instances.push(...(await Promise.all(two)));
  });
  after(() => Promise.all(instances.map((instance) => instance.stops())));
  return instances;
}
