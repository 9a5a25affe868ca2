// Several faults in one run, in the time that a test of every change has; `cargo xtask chaos` runs
// each by itself, and more of them.

import { suite, test } from "node:test";

import { SPOILS, faultOf } from "./faults.mjs";
import { Deployment, groundOfSuite } from "./harness/deployment.mjs";
import { broken, kept } from "./harness/verdict.mjs";

const RUN_MS = 300_000;

suite("chaos, in short", () => {
  const stands = groundOfSuite();

  test("instances, Redis and Postgres die and come back, a room is held, strangers forge", async (t) => {
    const ids = ["F1", "F8", "F15", "F20", "F39"];
    const deployment = await Deployment.stands(t, stands.ground);
    kept(t, ids.join(), await deployment.proves({ seconds: 20, rate: 60, fault: each(ids) }));
  });

  test("instances are told to leave, and one dies at every step of a commit", async (t) => {
    const deployment = await Deployment.stands(t, stands.ground);
    const fault = async (deployed, prefix) => {
      await each(["F6"])(deployed, prefix);
      const [one, two] = deployed.instances;
      await one.stops();
      for (const failpoint of ["after-commit", "before-publish", "before-commit"]) {
        await one.returns({ failpoints: `${failpoint}:10` });
        // Everybody goes to where it strikes.
        await two.stops();
        await two.returns();
        await one.hasDied();
      }
      await one.returns();
    };
    kept(t, "F6,F3,F4,F5", await deployment.proves({ seconds: 25, rate: 60, fault }));
  });

  test("a later version stands beside this one, and is rolled back", async (t) => {
    const [failpoints] = faultOf("F33").failpoints;
    const deployment = await Deployment.stands(t, stands.ground, [{ failpoints }]);
    kept(t, "F33", await deployment.proves({ seconds: 12, rate: 60, fault: each(["F33"]) }));
  });

  for (const { name, kinds } of SPOILS.slice(0, 3)) {
    test(`the checker notices ${name} in one of a thousand`, { timeout: RUN_MS }, async (t) => {
      const spoils = { failpoints: `${name}:1000` };
      const deployment = await Deployment.stands(t, stands.ground, [spoils, spoils]);
      broken(t, name, await deployment.proves({ rate: 250, seconds: 8 }), kinds);
    });
  }
});

/** These faults, one after the other. */
function each(ids) {
  return async (deployment, prefix) => {
    for (const id of ids) await faultOf(id).fault(deployment, prefix);
  };
}
