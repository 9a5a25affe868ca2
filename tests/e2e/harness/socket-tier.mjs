// One instance of the socket tier.

import { after, before } from "node:test";

import { databaseUrl, redisUrl, socketTierProgram } from "./environment.mjs";
import { Program } from "./program.mjs";

export class SocketTier extends Program {
  /** `http://127.0.0.1:port` */
  address;

  /** Starts one for a test, and sees at its end that it stops in good order. */
  static async startsFor(t, environment) {
    const tier = await SocketTier.starts(environment);
    t.after(() => tier.isRunning() && tier.stops());
    return tier;
  }

  /** Starts one, of another version where another program is named. */
  static async starts(environment = {}, program = socketTierProgram) {
    const tier = new SocketTier(program, {
      LISTEN: "127.0.0.1:0",
      AUTH_MODE: "optional",
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      ...environment,
    });
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
