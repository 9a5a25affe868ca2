// Every fault, one after the other; and everything that the checker must notice.

import { suite, test } from "node:test";

import { FAULTS, SPOILS } from "./faults.mjs";
import { Deployment, groundOfSuite } from "./harness/deployment.mjs";
import { broken, kept } from "./harness/verdict.mjs";

const FAULT_MS = 300_000;

suite("chaos", () => {
  const stands = groundOfSuite();

  for (const { id, what, failpoints, seconds, fault, after } of FAULTS) {
    test(`${id}: ${what}`, { timeout: FAULT_MS }, async (t) => {
      const deployment = await Deployment.stands(t, stands.ground, failpoints);
      const report = await deployment.proves({ seconds, fault });
      kept(t, id, report);
      await after?.(report, deployment);
    });
  }

  for (const { name, kinds } of SPOILS) {
    test(`the checker notices ${name} in one of a thousand`, { timeout: FAULT_MS }, async (t) => {
      const spoils = `${name}:1000`;
      const deployment = await Deployment.stands(t, stands.ground, [spoils, spoils]);
      broken(t, name, await deployment.proves({ rate: 250, seconds: 12 }), kinds);
    });
  }
});
