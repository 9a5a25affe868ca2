// The faults, each with the number that docs/guarantees.md knows it by. A fault is injected while
// `maru verify` sends and listens; it heals what it broke before it returns.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

import { until } from "../harness/deadline.mjs";
import { readiness } from "../harness/measures.mjs";
import { earlierProgram, faketimeProgram } from "./harness/environment.mjs";

const SECOND = 1_000;
/** How long an instance may take to leave, and a second more. */
const GRACE_MS = 21 * SECOND;

/** Two and a half heart-beats as `maru verify` asks for them, and the closing of the socket. */
const GIVEN_UP_MS = 25 * SECOND + 20 * SECOND;

/**
 * `{ id, what, failpoints, fault, seconds, after }`; the first instances are told to fail at these
 * failpoints, and `after` looks at what only this fault moves. One with `hasSmallDisk` wants a
 * Postgres of its own, whose disk can be filled.
 */
export const FAULTS = [
  {
    id: "F1",
    what: "an instance is killed, and comes back",
    fault: async ({ instances: [one] }) => {
      await pause(2 * SECOND);
      await one.dies();
      await pause(2 * SECOND);
      await one.returns();
    },
  },
  {
    id: "F2",
    what: "all instances are killed at once, and come back",
    fault: async ({ instances }) => {
      await pause(2 * SECOND);
      await Promise.all(instances.map((instance) => instance.dies()));
      await pause(SECOND);
      await Promise.all(instances.map((instance) => instance.returns()));
    },
  },
  ...[
    ["F3", "after-commit", "an instance dies between a COMMIT and its RECEIPTs"],
    ["F4", "before-publish", "an instance dies between a RECEIPT and telling the others"],
    ["F5", "before-commit", "an instance dies between INSERT and COMMIT"],
  ].map(([id, failpoint, what]) => ({
    id,
    what,
    failpoints: [`${failpoint}:40`],
    fault: async ({ instances: [one] }) => {
      await one.hasDied();
      await one.returns();
    },
  })),
  {
    id: "F6",
    what: "every instance is told to leave in its turn, and another comes",
    fault: async ({ instances }) => {
      for (const instance of instances) {
        await pause(SECOND);
        await instance.stops();
        await instance.returns();
      }
    },
    after: (report) => {
      const unannounced = Object.keys(report.closes).filter((why) => /^1006|without/.test(why));
      assert.deepEqual(unannounced, [], "every socket was told why it is closed");
    },
  },
  {
    id: "F7",
    what: "an instance is told to leave while its clients take nothing and answer nothing",
    fault: async ({ instances: [one] }) => {
      await pause(SECOND);
      one.wires.clients.stalls();
      const began = performance.now();
      await one.stops();
      const took = performance.now() - began;
      assert.ok(took < GRACE_MS, `it took ${took} ms to leave`);
      one.wires.clients.cuts();
      one.wires.clients.heals();
      await one.returns();
    },
  },
  {
    id: "F8",
    what: "Redis is away for a while, and comes back empty",
    fault: async ({ ground: { redis }, instances: [one] }) => {
      await pause(SECOND);
      await redis.dies();
      await until(async () => (await one.measure("chat_fanout_connected")) === 0, "it is noticed");
      const { status, degraded } = await readiness(one);
      assert.deepEqual([status, degraded], [200, ["fanout"]]);
      await pause(4 * SECOND);
      await redis.returns();
    },
    after: async (_, { instances: [one] }) => {
      assert.ok((await one.measure("chat_fanout_gap_repairs_total")) > 0, "repairs are counted");
      await until(async () => (await one.measure("chat_fanout_connected")) === 1, "Redis is back");
    },
  },
  {
    id: "F9",
    what: "Redis ends the instances' connections again and again",
    fault: async ({ ground: { redis } }) => {
      for (let times = 0; times < 6; times += 1) {
        await pause(SECOND);
        await redis.endsConnections();
      }
    },
  },
  {
    id: "F10",
    what: "every fifth event does not reach Redis, and nobody notices",
    failpoints: ["unpublished:5", "unpublished:5"],
    after: async (_, { instances: [one] }) => {
      assert.ok((await one.measure("chat_fanout_gap_repairs_total")) > 0, "repairs are counted");
    },
  },
  {
    id: "F11",
    what: "Redis takes everything in and does nothing for a while, then has no memory left",
    fault: async ({ ground: { redis } }) => {
      await pause(SECOND);
      await redis.stalls(4 * SECOND);
      await redis.isBack();
      await redis.hasMemory("1mb");
      await pause(SECOND);
      await redis.hasMemory("0");
    },
  },
  {
    id: "F12",
    what: "Redis fails over and has lost its tail",
    fault: async ({ ground: { redis } }) => {
      for (let times = 0; times < 2; times += 1) {
        await pause(2 * SECOND);
        await redis.dies();
        await redis.returns();
      }
    },
  },
  {
    id: "F13",
    what: "an instance reads too slowly what Redis tells it",
    failpoints: ["slow-hub:10"],
  },
  {
    id: "F14",
    what: "Postgres is stopped, and comes back",
    fault: async ({ ground: { postgres }, instances: [one] }) => {
      await pause(SECOND);
      await postgres.stops();
      await until(async () => (await readiness(one)).status === 503, "nobody is ready");
      await pause(3 * SECOND);
      await postgres.returns();
    },
    after: (report, { instances }) => refusedAndStayed(report, instances),
  },
  {
    id: "F14b",
    what: "Postgres hangs with every connection open, and goes on",
    fault: async ({ ground: { postgres } }) => {
      await pause(SECOND);
      await postgres.freezes();
      await pause(4 * SECOND);
      await postgres.thaws();
    },
  },
  {
    id: "F15",
    what: "Postgres is killed while it writes, and recovers",
    fault: async ({ ground: { postgres } }) => {
      await pause(2 * SECOND);
      await postgres.dies();
      await postgres.returns();
    },
  },
  {
    id: "F17",
    what: "others take every connection that Postgres has left",
    fault: async ({ ground: { postgres } }) => {
      await pause(SECOND);
      const giveBack = await postgres.isFull();
      await pause(4 * SECOND);
      await giveBack();
    },
  },
  {
    id: "F18",
    what: "the disk of Postgres is full for a while",
    hasSmallDisk: true,
    fault: async ({ ground: { postgres, history }, instances: [one] }, prefix) => {
      await pause(SECOND);
      const tidiesUp = await postgres.fillsItsDisk();
      const refused = 'chat_sends_refused_total{reason="store-unavailable"}';
      await until(async () => (await one.measure(refused)) > 0, "what is sent is refused");
      await pause(3 * SECOND);
      const page = await fetch(`${history.address}/${prefix}-0/messages?limit=1`);
      assert.equal(page.status, 200, "what is stored is read meanwhile");
      assert.equal((await page.json()).messages.length, 1);
      await tidiesUp();
    },
    after: (report) => {
      // What comes faster than it can be refused is refused as too much.
      const { overloaded, ...refusals } = report.refusals;
      assert.deepEqual(Object.keys(refusals), ["store-unavailable"]);
      assert.deepEqual(report.closes, {}, "every socket stays");
    },
  },
  {
    id: "F19",
    what: "every COMMIT takes half a second longer",
    failpoints: ["slow-commit:500", "slow-commit:500"],
    after: (report) => {
      assert.ok(report.receiptMs.p50 >= 500, "the delay is there");
      assert.ok(!Object.keys(report.closes).some((why) => why.startsWith("4010")), "no false 4010");
    },
  },
  {
    id: "F20",
    what: "one room is held by others for a while",
    fault: async ({ ground: { postgres } }, prefix) => {
      await pause(2 * SECOND);
      const letGo = await postgres.holdsRoom(`${prefix}-0`);
      await pause(4 * SECOND);
      await letGo();
    },
    after: (report) => {
      const codes = Object.keys(report.refusals);
      assert.deepEqual(codes, ["room-busy"], "that room alone refuses");
    },
  },
  {
    id: "F23",
    what: "an instance is cut off from Redis alone, by a break and then by silence",
    fault: async ({ instances: [one] }) => {
      await pause(SECOND);
      one.wires.redis.cuts();
      await pause(3 * SECOND);
      one.wires.redis.heals();
      await pause(SECOND);
      one.wires.redis.stalls();
      await pause(3 * SECOND);
      one.wires.redis.heals();
    },
    seconds: 10,
  },
  {
    id: "F24",
    what: "an instance is cut off from Postgres alone, by silence",
    fault: async ({ instances: [one, two] }) => {
      await pause(SECOND);
      one.wires.postgres.stalls();
      await until(async () => (await readiness(one)).status === 503, "it is not ready");
      assert.equal((await readiness(two)).status, 200, "the other one is");
      await pause(2 * SECOND);
      one.wires.postgres.heals();
    },
  },
  {
    id: "F25",
    what: "the way between an instance and its clients carries nothing, and nobody hears of it",
    fault: async ({ instances: [one] }) => {
      await pause(SECOND);
      one.wires.clients.stalls();
      const areGivenUp = async () => (await one.measure("chat_ws_connections")) === 0;
      await until(areGivenUp, "all are given up", GIVEN_UP_MS);
      one.wires.clients.cuts();
      one.wires.clients.heals();
    },
    after: async (_, { instances: [one] }) => {
      const missed = await one.measure('chat_ws_closes_total{code="4010"}');
      const slow = await one.measure('chat_ws_closes_total{code="4009"}');
      assert.ok(missed + slow > 0, "they were given up for a reason");
    },
  },
  {
    id: "F27",
    what: "the clock of one instance is ten minutes ahead, and then ten behind",
    fault: async ({ instances: [one] }) => {
      for (const offset of ["+10m", "-10m"]) {
        await one.stops();
        // The wrapper itself passes no signals on.
        const library = `$(${faketimeProgram} -f ${offset} printenv LD_PRELOAD)`;
        await one.returns({ shell: `LD_PRELOAD=${library} FAKETIME=${offset} exec "$0"` });
        await pause(3 * SECOND);
      }
      await one.stops();
      await one.returns();
    },
  },
  {
    id: "F29",
    what: "an instance runs out of file descriptors, and finds some again",
    fault: async ({ instances: [one] }) => {
      await pause(SECOND);
      await one.stops();
      await one.returns({ shell: 'ulimit -n 40; exec "$0"' });
      await pause(3 * SECOND);
      await one.stops();
      await one.returns();
    },
  },
  {
    id: "F33",
    what: "a later version stands beside this one, changes places with it, and is rolled back",
    failpoints: ["later-version:5"],
    fault: async (deployment) => {
      const [, two] = deployment.instances;
      const rejected = (reason) => `chat_fanout_rejected_total{reason="${reason}"}`;
      const skips = async () => (await two.measure(rejected("unknown"))) > 0;
      await until(skips, "what only the later version knows is skipped");
      for (const reason of ["garbage", "forged", "misplaced", "oversized"]) {
        assert.equal(await two.measure(rejected(reason)), 0, `nothing is ${reason}`);
      }
      await changePlaces(deployment, { failpoints: "later-version:5" });
    },
    seconds: 12,
  },
  {
    id: "F39",
    what: "strangers fill Redis with garbage and with forged events",
    fault: async ({ ground: { redis } }, prefix) => {
      for (let round = 1; round <= 40; round += 1) {
        await pause(100);
        for (const kind of ["chat-message", "chat-timestamp"]) {
          const channel = `${kind}:{${prefix}-${round % 6}}`;
          await redis.spreads(channel, "garbage");
          await redis.spreads(channel, forged(kind, `${prefix}-${round % 6}`, round));
        }
      }
    },
    after: async (_, { instances }) => {
      for (const instance of instances) {
        for (const reason of ["garbage", "forged"]) {
          const name = `chat_fanout_rejected_total{reason="${reason}"}`;
          assert.ok((await instance.measure(name)) > 0, `${reason} is counted`);
        }
      }
    },
  },
];

/** What a checker must notice: each spoils about one message in a thousand. */
export const SPOILS = [
  { name: "lose", kinds: ["missed", "false-resume"] },
  { name: "double", kinds: ["heard-twice"] },
  { name: "swap", kinds: ["out-of-order", "missed"] },
  { name: "receipt-unstored", kinds: ["receipted-lost"] },
  { name: "refuse-stored", kinds: ["refused-stored"] },
  { name: "double-row", kinds: ["stored-twice", "foreign"] },
];

export const faultOf = (id) => FAULTS.find((fault) => fault.id === id);

/** What `cargo xtask chaos --earlier PROGRAM` has a program for. */
export const BESIDE_EARLIER = {
  id: "F33",
  what: "an earlier version stands beside this one, changes places with it, and is updated",
  program: earlierProgram,
  fault: (deployment) => changePlaces(deployment, { program: earlierProgram }),
  seconds: 12,
};

/** The first instance, which is of another version, becomes one of this, and the second of that. */
async function changePlaces({ instances: [one, two] }, version) {
  await pause(3 * SECOND);
  for (const [instance, next] of [
    [one, {}],
    [two, version],
    [two, {}],
  ]) {
    await instance.stops();
    await instance.returns(next);
    await pause(2 * SECOND);
  }
}

async function refusedAndStayed(report, instances) {
  assert.ok(report.refusals["store-unavailable"] > 0, "what was sent meanwhile was refused");
  for (const instance of instances) {
    assert.ok((await instance.measure("chat_ws_connections")) >= 0);
  }
}

/** Complete, and signed by nobody who knows the secret. */
function forged(kind, roomId, seq) {
  const id = crypto.randomUUID();
  const message = { id, tempId: id, sender: "Mallory", content: "forged", roomId, editedAt: null };
  const committed = { createdAt: "2026-01-01T00:00:00Z", seq, rev: seq };
  const isShown = kind === "chat-message";
  const event = { ...message, deleted: false, ...(isShown ? { createdAt: null } : committed) };
  const envelope = { v: 1, origin: crypto.randomUUID(), n: seq, event, mac: "00".repeat(32) };
  return JSON.stringify({ ...envelope, type: isShown ? "shown" : "committed" });
}
