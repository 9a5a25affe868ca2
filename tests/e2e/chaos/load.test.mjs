// Loads that are to be held, on the programs as they are released, with the promises checked and
// with everything released at the end. How fast it was is told and not demanded: that depends on the
// machine, which all of it shares here.

import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { until } from "../harness/deadline.mjs";
import { measures } from "../harness/measures.mjs";
import { freePort } from "../harness/server.mjs";
import { SocketTier } from "../harness/socket-tier.mjs";
import { groundOfSuite } from "./harness/deployment.mjs";
import { earlierProgram } from "./harness/environment.mjs";
import { kept } from "./harness/verdict.mjs";
import { proves } from "./harness/verify.mjs";

const MINUTE = 60;
const INSTANCES = 2;
/** How many are replaced one by one. */
const REPLACED = 3;
/** Two thousand sockets, two hundred sends a second. */
const L1 = { senders: 50, listeners: 1_950, rooms: 200, rate: 200, seconds: 5 * MINUTE };
/** What verifying takes in all, beyond the load itself. */
const TEST_MS = 20 * MINUTE * 1_000;
/** How long everything may take to be released. */
const RELEASE_MS = 30_000;
const MIB = 1024 * 1024;
/** How much more the instances may hold of anything: whoever asks them. */
const SPARE = 8;
/** By how much the memory of both may have grown when all who came have gone. */
const GROWTH_MAX = 32 * MIB;

suite("loads", () => {
  const stands = groundOfSuite({
    // As whoever runs it for people would have it; all clients come from this machine.
    environment: { HEARTBEAT_MS: "10000", CONNECTIONS_PER_ADDRESS_MAX: "20000" },
  });

  test("L1: two thousand sockets in two hundred rooms", { timeout: TEST_MS }, async (t) => {
    const instances = await startsInstances(t, stands.ground);
    const before = await standing(instances);
    const report = await proves(t, stands.ground, sockets(instances), L1);
    kept(t, "L1", report);
    tellsPace(t, "L1", report);
    await isReleased(t, instances, before);
  });

  test("L1F6: three instances are updated, and rolled back", { timeout: TEST_MS }, async (t) => {
    const environments = await Promise.all(
      Array.from({ length: REPLACED }, async () => ({
        ...stands.ground.environment,
        LISTEN: `127.0.0.1:${await freePort()}`,
      })),
    );
    const starts = (environment) => SocketTier.starts(environment, { program: earlierProgram });
    const instances = await Promise.all(environments.map(starts));
    t.after(() => Promise.all(instances.map((tier) => tier.isRunning() && tier.dies())));
    const meanwhile = async () => {
      const began = performance.now();
      for (const program of [undefined, earlierProgram]) {
        for (const [n, environment] of environments.entries()) {
          // It must leave in good order: exit code 0.
          await instances[n].stops();
          instances[n] = await SocketTier.starts(environment, { program });
        }
      }
      const tookMs = performance.now() - began;
      assert.ok(tookMs < L1.seconds * 1_000, "all were replaced while people talked");
    };
    const report = await proves(t, stands.ground, sockets(instances), { ...L1, meanwhile });
    kept(t, "L1F6", report);
    tellsPace(t, "L1F6", report);
    assert.equal(report.unknown, 0);
    assert.equal(report.receipted, report.intended, "every send was receipted in the end");
    assert.ok(report.closes["1012"] > 0, "clients were told to go elsewhere");
  });

  test("L3: one room with two thousand listeners", { timeout: TEST_MS }, async (t) => {
    const instances = await startsInstances(t, stands.ground);
    const hot = { senders: 10, listeners: 2_000, rooms: 1, rate: 100, seconds: MINUTE };
    const others = { senders: 4, listeners: 20, rooms: 5, rate: 10, seconds: MINUTE };
    const before = await standing(instances);
    const [room, rest] = await Promise.all(
      [hot, others].map((load) => proves(t, stands.ground, sockets(instances), load)),
    );
    kept(t, "L3", room);
    kept(t, "L3, other rooms", rest);
    tellsPace(t, "L3", room);
    tellsPace(t, "L3, other rooms", rest);
    await isReleased(t, instances, before);
  });

  test("L5: clients come, listen, send and go", { timeout: TEST_MS }, async (t) => {
    const instances = await startsInstances(t, stands.ground);
    const churns = (seconds) => {
      const load = { senders: 4, listeners: 40, rooms: 40, rate: 10, restless: 0 };
      return proves(t, stands.ground, sockets(instances), { ...load, churn: 500, seconds });
    };
    // What is made once and kept is made by then.
    await churns(10);
    const before = await standing(instances);
    const report = await churns(2 * MINUTE);
    kept(t, "L5", report);
    tellsPace(t, "L5", report);
    assert.deepEqual(report.closes, {}, "nobody is put out");
    assert.deepEqual(report.refusals, {}, "nobody is refused");
    const growth = await isReleased(t, instances, before);
    assert.ok(growth <= GROWTH_MAX, `${growth} bytes more are held`);
  });
});

async function startsInstances(t, ground) {
  const starts = () => SocketTier.startsFor(t, { LISTEN: "127.0.0.1:0", ...ground.environment });
  return Promise.all(Array.from({ length: INSTANCES }, starts));
}

function sockets(instances) {
  return instances.map(({ address }) => `${address.replace("http", "ws")}/ws`);
}

/**
 * What the instances hold, all together. Of the connections to Postgres those that something is done
 * with; the pools keep up to their number open, which are not counted among the files.
 */
async function standing(instances) {
  const each = await Promise.all(instances.map(measures));
  const sum = (name) => each.reduce((sum, one) => sum + one.get(name), 0);
  return {
    sockets: sum("chat_ws_connections"),
    sessions: sum("chat_stomp_sessions"),
    rooms: sum("chat_hub_rooms"),
    tasks: sum("chat_runtime_tasks"),
    files: sum("chat_process_open_fds") - sum("chat_db_pool_connections"),
    connections: sum("chat_db_pool_in_use"),
    bytes: sum("chat_process_resident_bytes"),
  };
}

/** Demands that the instances hold no more of anything than before; of memory that is not said. */
async function isReleased(t, instances, before) {
  const counts = Object.keys(before).filter((name) => name !== "bytes");
  let now;
  const settled = async () => {
    now = await standing(instances);
    const spare = (name) => (name === "connections" ? 0 : SPARE);
    return counts.every((name) => now[name] <= before[name] + spare(name));
  };
  const held = (standing) => counts.map((name) => `${standing[name]} ${name}`).join(", ");
  await until(settled, () => `all is released: ${held(before)} before, ${held(now)} now`, RELEASE_MS);
  const mib = ({ bytes }) => `${Math.round(bytes / MIB)} MiB`;
  t.diagnostic(`before: ${held(before)}, ${mib(before)}; after: ${held(now)}, ${mib(now)}`);
  return now.bytes - before.bytes;
}

function tellsPace(t, what, { receiptMs, deliveryMs, heard }) {
  const spread = ({ p50, p99, max }) => `p50 ${p50} ms, p99 ${p99} ms, at most ${max} ms`;
  t.diagnostic(`${what}: receipts ${spread(receiptMs)}; deliveries ${spread(deliveryMs)}; ${heard} heard`);
}
