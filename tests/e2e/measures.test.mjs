// What an operator sees: `/metrics` and `/readyz`. Each measure moves by what it is about.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { suite, test } from "node:test";

import { until } from "./harness/deadline.mjs";
import { databaseUrl } from "./harness/environment.mjs";
import { measured, measures, readiness } from "./harness/measures.mjs";
import { Person } from "./harness/person.mjs";
import { Redis } from "./harness/redis.mjs";
import { freshRoom } from "./harness/room.mjs";
import { Server } from "./harness/server.mjs";
import { SocketTier } from "./harness/socket-tier.mjs";
import { Wire } from "./harness/wire.mjs";

const SECRET = "a secret of the tests, not of anybody else: 0123456789";
const COMMITTED = { delivery: "committed" };

const above = (least) => (value) => value > least;
const exactly = (wanted) => (value) => value === wanted;

suite("measures", () => {
  test("count what people do, on every instance its own part", async (t) => {
    const redis = await Redis.starts(t);
    const [east, west] = await twoOn(t, redis);
    const room = freshRoom("counted");
    const [ada, ben] = await Promise.all([
      Person.connects(t, "Ada", east),
      Person.connects(t, "Ben", west),
    ]);
    await Promise.all([ada.enters(room, COMMITTED), ben.enters(room, { ...COMMITTED, since: "0" })]);
    const tempId = randomUUID();
    await ada.says(room, "once", { tempId });
    await ada.says(room, "once", { tempId });
    const { problem } = await ada.sends("/app/chat", { content: " ", roomId: room, sender: "Ada" });
    assert.equal(problem.code, "invalid-request");
    await ben.hears(room, ({ committed }) => committed.length === 1);
    await ada.hears(room, ({ committed }) => committed.length === 1);

    const east1 = await measures(east);
    for (const [name, value] of Object.entries({
      chat_ws_connections: 1,
      chat_stomp_sessions: 1,
      chat_hub_rooms: 1,
      chat_fanout_connected: 1,
      chat_draining: 0,
      chat_writer_queue_messages: 0,
      'chat_ws_connects_total{result="admitted"}': 1,
      chat_sends_received_total: 3,
      chat_sends_receipted_total: 2,
      'chat_sends_refused_total{reason="invalid-request"}': 1,
      chat_sends_duplicate_total: 1,
      chat_messages_committed_total: 1,
      chat_commit_seconds_count: 2,
      chat_commit_batch_messages_sum: 2,
      chat_send_receipt_seconds_count: 2,
      // Shown twice, told of twice.
      chat_fanout_published_total: 4,
    })) {
      assert.equal(east1.get(name), value, name);
    }
    for (const name of [
      "chat_ws_received_bytes_total",
      "chat_ws_sent_bytes_total",
      "chat_deliveries_total",
      "chat_db_pool_connections",
      "chat_runtime_tasks",
      "chat_process_resident_bytes",
      "chat_process_open_fds",
      "chat_process_max_fds",
    ]) {
      assert.ok(east1.get(name) > 0, name);
    }
    assert.ok([...east1.keys()].some((name) => name.startsWith("chat_build_info{version=")));
    await measured(east, "chat_postgres_up", exactly(1));
    await measured(east, "chat_db_pool_in_use", exactly(0));
    const west1 = await measures(west);
    assert.equal(west1.get("chat_fanout_received_total"), 4);
    assert.equal(west1.get('chat_resume_total{source="db"}'), 1);

    await ada.leaves();
    await measured(east, "chat_ws_connections", exactly(0));
    const east2 = await measures(east);
    assert.equal(east2.get('chat_ws_closes_total{code="1000"}'), 1);
    assert.equal(east2.get("chat_stomp_sessions"), 0);
    assert.equal(east2.get("chat_hub_rooms"), 0);
    // Nothing that a stranger chooses is a label.
    const labels = [...east2.keys()].join("\n");
    assert.ok(!labels.includes(room) && !labels.includes("Ada"));
  });

  test("nothing that is not signed is believed, and it is counted", async (t) => {
    const redis = await Redis.starts(t);
    const [east] = await twoOn(t, redis);
    const stranger = await SocketTier.startsFor(t, {
      REDIS_URL: redis.url,
      FANOUT_SECRET: "another secret, as long as the one of the others is",
    });
    const room = freshRoom("forged");
    const ada = await Person.connects(t, "Ada", east);
    const eve = await Person.connects(t, "Eve", stranger);
    await ada.enters(room);

    const forged = JSON.stringify({
      v: 1,
      origin: randomUUID(),
      n: 1,
      type: "shown",
      event: { ...shownBy("Mallory", room) },
    });
    for (const payload of ["garbage", forged]) await redis.spreads(`chat-message:{${room}}`, payload);
    await measured(east, 'chat_fanout_rejected_total{reason="garbage"}', above(0));
    await measured(east, 'chat_fanout_rejected_total{reason="forged"}', above(0));
    // Signed under another secret: not believed, but the row is there, and is found by looking.
    await eve.says(room, "by a stranger's hand");
    await measured(east, 'chat_fanout_rejected_total{reason="forged"}', above(2));
    await ada.hearsStored(room, "by a stranger's hand");
    const said = ada.heard(room).shown.map(({ content }) => content);
    assert.deepEqual(said, ["by a stranger's hand"]);
    await measured(east, "chat_fanout_gap_repairs_total", above(0));
    await measured(east, "chat_fanout_gap_repaired_changes_total", above(0));
  });

  test("without Redis an instance is ready, and says that it is degraded", async (t) => {
    const redis = await Redis.starts(t);
    const [east, west] = await twoOn(t, redis);
    const before = await readiness(east);
    assert.equal(before.status, 200);
    assert.ok(!before.degraded.includes("fanout"));

    const room = freshRoom("degraded");
    const [ada, ben] = await Promise.all([
      Person.connects(t, "Ada", east),
      Person.connects(t, "Ben", west),
    ]);
    await ben.enters(room);
    await redis.dies();
    await ada.says(room, "nobody tells the others");
    await measured(east, "chat_fanout_connected", exactly(0));
    const during = await readiness(east);
    assert.equal(during.status, 200);
    assert.equal(during.fanout, false);
    assert.ok(during.degraded.includes("fanout"));
    await measured(east, "chat_fanout_interruptions_total", above(0));
    await measured(east, "chat_fanout_unreachable_total", above(0));
    await ben.hearsStored(room, "nobody tells the others");
    await measured(west, "chat_fanout_gap_repairs_total", above(0));

    await redis.returns();
    await measured(east, "chat_fanout_connected", exactly(1));
    assert.ok(!(await readiness(east)).degraded.includes("fanout"));
  });

  test("without Postgres an instance is not ready, and refuses what is sent", async (t) => {
    const { wire, url } = await Wire.insteadOf(t, databaseUrl);
    const tier = await SocketTier.startsFor(t, { DATABASE_URL: url });
    const room = freshRoom("refused");
    const ada = await Person.connects(t, "Ada", tier);
    await ada.enters(room);
    await ada.says(room, "it is there");
    assert.equal((await readiness(tier)).status, 200);

    wire.cuts();
    const { problem } = await ada.sends("/app/chat", { content: "?", roomId: room, sender: "Ada" });
    assert.equal(problem.code, "store-unavailable");
    await measured(tier, 'chat_sends_refused_total{reason="store-unavailable"}', exactly(1));
    await measured(tier, 'chat_commit_failures_total{reason="unavailable"}', above(0));
    await measured(tier, "chat_postgres_up", exactly(0));
    await measured(tier, "chat_hub_look_failures_total", above(0));
    const during = await readiness(tier);
    assert.equal(during.status, 503);
    assert.equal(during.postgres, false);
    await ada.hears(room, ({ rejected }) => rejected.length === 1);

    wire.heals();
    await until(async () => (await readiness(tier)).status === 200, "Postgres is found again");
    await ada.says(room, "and here it is again", { patiently: true });
    await measured(tier, "chat_postgres_up", exactly(1));
  });

  test("a Postgres that may forget is told of, and production does not start on it", async (t) => {
    const careless = new URL(databaseUrl);
    careless.searchParams.set("options", "-csynchronous_commit=off");
    const tier = await SocketTier.startsFor(t, { DATABASE_URL: careless.href });
    const { status, degraded, durability } = await readiness(tier);
    assert.equal(status, 200);
    assert.equal(durability.synchronousCommit, false);
    assert.ok(degraded.includes("durability"));
    await measured(tier, "chat_postgres_durable", exactly(0));

    const production = { PROFILE: "production", DATABASE_URL: careless.href };
    const secured = { ...production, FANOUT_SECRET: SECRET };
    await assert.rejects(
      SocketTier.startsFor(t, secured),
      /DATABASE_URL: Postgres does not keep what it confirms: (fsync|synchronous_commit) is off/,
    );
    await assert.rejects(SocketTier.startsFor(t, production), /FANOUT_SECRET: is not set/);
    await assert.rejects(
      Server.startsFor(t, secured),
      /DATABASE_URL: Postgres does not keep what it confirms/,
    );
  });
});

/** Two instances that believe each other alone. */
function twoOn(t, redis) {
  const environment = { REDIS_URL: redis.url, FANOUT_SECRET: SECRET };
  return Promise.all([SocketTier.startsFor(t, environment), SocketTier.startsFor(t, environment)]);
}

function shownBy(sender, roomId) {
  const id = randomUUID();
  const times = { createdAt: null, editedAt: null };
  return { id, tempId: id, sender, content: "forged", roomId, ...times, deleted: false };
}
