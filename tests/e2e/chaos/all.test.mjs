// Every fault, one after the other; and everything that the checker must notice.

import { suite, test } from "node:test";

import { Chance } from "../harness/chance.mjs";
import { seed } from "../harness/environment.mjs";
import { isTrue, proves } from "../presence/proof.mjs";
import { BESIDE_EARLIER, FAULTS, SPOILS } from "./faults.mjs";
import { Deployment, groundOf, groundOfSuite } from "./harness/deployment.mjs";
import { earlierProgram } from "./harness/environment.mjs";
import { broken, kept } from "./harness/verdict.mjs";

const FAULT_MS = 300_000;
/** Who is on a killed instance may be listed for a minute. */
const CHURN = { seconds: 100, kills: 4, people: 40, rooms: 6, lateMs: 8_000, ghostMs: 60_000 };

suite("chaos", () => {
  const stands = groundOfSuite();

  const faults = earlierProgram ? [...FAULTS, BESIDE_EARLIER] : FAULTS;
  for (const { id, what, hasSmallDisk, failpoints = [], program, seconds, fault, after } of faults) {
    test(`${id}: ${what}`, { timeout: FAULT_MS }, async (t) => {
      const ground = hasSmallDisk ? await groundOf(t, { hasSmallDisk }) : stands.ground;
      const ways = program ? [{ program }] : failpoints.map((failpoints) => ({ failpoints }));
      const deployment = await Deployment.stands(t, ground, ways);
      const report = await deployment.proves({ seconds, fault });
      kept(t, id, report);
      await after?.(report, deployment);
    });
  }

  test("F41: instances are killed while people come and go", { timeout: FAULT_MS }, async (t) => {
    isTrue(t, await proves(t, { chance: new Chance(seed), ...CHURN }));
  });

  for (const { name, kinds } of SPOILS) {
    test(`the checker notices ${name} in one of a thousand`, { timeout: FAULT_MS }, async (t) => {
      const spoils = { failpoints: `${name}:1000` };
      const deployment = await Deployment.stands(t, stands.ground, [spoils, spoils]);
      broken(t, name, await deployment.proves({ rate: 250, seconds: 12 }), kinds);
    });
  }
});
