// What does not answer holds up nobody for longer than a second, and nobody else at all.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { suite, test } from "node:test";

import { Database } from "./harness/database.mjs";
import { until } from "./harness/deadline.mjs";
import { databaseUrl } from "./harness/environment.mjs";
import { measured } from "./harness/measures.mjs";
import { Person } from "./harness/person.mjs";
import { freshRoom, numbersTo } from "./harness/room.mjs";
import { SocketTier } from "./harness/socket-tier.mjs";
import { Wire } from "./harness/wire.mjs";

/** A second is promised; the rest is for a machine that has much else to do. */
const REFUSED_WITHIN_MS = 1_000 + 1_500;

suite("while something is held", () => {
  test("a locked room refuses what is said in it, and others go on", async (t) => {
    const tier = await SocketTier.startsFor(t);
    const database = Database.connectsFor(t);
    const [hot, cold] = [freshRoom("hot"), freshRoom("cold")];
    const [ada, ben] = await Promise.all([
      Person.connects(t, "Ada", tier),
      Person.connects(t, "Ben", tier),
    ]);
    for (const [person, room] of [
      [ada, hot],
      [ben, cold],
    ]) {
      await person.enters(room);
      await person.says(room, "the room is there");
    }

    await database.holdsRoom(hot);
    const waits = numbersTo(20).map((n) =>
      ada.sends("/app/chat", { content: `held ${n}`, roomId: hot, sender: "Ada" }),
    );
    await database.isWaitedFor();
    // Every one of them is receipted while the other room is held.
    for (const n of numbersTo(20)) await ben.says(cold, `free ${n}`);
    for (const { problem } of await Promise.all(waits)) {
      assert.equal(problem?.code, "room-busy");
      assert.ok(problem.retryable && problem.retryAfterMs > 0);
    }
    await ada.hears(hot, ({ rejected }) => rejected.length === 20);
    await measured(tier, 'chat_sends_refused_total{reason="room-busy"}', (n) => n === 20);
    for (const n of numbersTo(20)) await ben.says(cold, `still free ${n}`);

    await database.releases();
    const { seq } = await ada.says(hot, "and on", { patiently: true });
    assert.equal(seq, 2);
    assert.equal((await ben.says(cold, "last")).seq, 42);
  });

  test("a Postgres that hangs refuses in time whatever is sent, also what waits", async (t) => {
    const { wire, url } = await Wire.insteadOf(t, databaseUrl);
    const tier = await SocketTier.startsFor(t, { DATABASE_URL: url });
    const room = freshRoom("hangs");
    const ada = await Person.connects(t, "Ada", tier);
    await ada.enters(room);
    await ada.says(room, "it answers");

    wire.stalls();
    const answers = [];
    for (const n of numbersTo(60)) {
      const began = performance.now();
      const draft = { content: `stalled ${n}`, roomId: room, sender: "Ada" };
      answers.push(
        ada.sends("/app/chat", draft).then(({ problem }) => {
          return { problem, took: performance.now() - began };
        }),
      );
      await pause(50);
    }
    const answered = await Promise.all(answers);
    for (const { problem } of answered) {
      // The first batch may have come as far as its COMMIT.
      assert.ok(["store-unavailable", "timeout"].includes(problem?.code), JSON.stringify(problem));
      assert.ok(problem.retryable);
    }
    const refused = answered.filter(({ problem }) => problem.code === "store-unavailable");
    assert.ok(refused.length >= 59, `${refused.length} refused`);
    const longest = Math.max(...refused.map(({ took }) => took));
    t.diagnostic(`the longest refusal took ${Math.round(longest)} ms`);
    assert.ok(longest < REFUSED_WITHIN_MS, `a refusal took ${longest} ms`);
    assert.ok(ada.isConnected);

    wire.heals();
    await until(
      async () => (await fetch(`${tier.address}/readyz`)).status === 200,
      "Postgres is found again",
    );
    const { seq } = await ada.says(room, "and again", { patiently: true });
    assert.equal(seq, 2);
  });
});
