// Redis is a hint: without it people go on talking.

import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { until } from "./harness/deadline.mjs";
import { Person } from "./harness/person.mjs";
import { Redis } from "./harness/redis.mjs";
import { freshRoom, numbersTo } from "./harness/room.mjs";
import { SocketTier } from "./harness/socket-tier.mjs";

/** More than an instance can keep in mind by accident. */
const MANY = 400;
const STALL_MS = 3_000;

suite("without Redis", () => {
  test("receipts go on, and after its return everyone hears everyone", async (t) => {
    const redis = await Redis.starts(t);
    const [east, west] = await twoOn(t, redis);
    const room = freshRoom("redis");
    const [ada, ben] = await Promise.all([
      Person.connects(t, "Ada", east),
      Person.connects(t, "Ben", west),
    ]);
    const people = [ada, ben];
    await Promise.all(people.map((person) => person.enters(room)));

    // People are talking when it dies.
    const talk = people.flatMap((person) =>
      numbersTo(40).map((n) => person.says(room, `${person.name} during ${n}`)),
    );
    await talk[0];
    await redis.dies();
    await Promise.all(talk);

    for (const person of people) {
      for (const n of numbersTo(5)) await person.says(room, `${person.name} without ${n}`);
      // One's own instance needs nobody else to show what was said.
      await person.hearsStored(room, `${person.name} without 5`);
    }

    await redis.returns();
    await hearsAgain(ada, ben, room);
    await hearsAgain(ben, ada, room);

    const said = people.flatMap((person) =>
      numbersTo(20).map((n) => ({ person, content: `${person.name} after ${n}` })),
    );
    const receipts = await Promise.all(
      said.map(({ person, content }) => person.says(room, content)),
    );
    const tempIds = new Set(receipts.map(({ tempId }) => tempId));
    for (const person of people) {
      for (const { content } of said) await person.hearsStored(room, content);
      const stored = person.heard(room).stored.filter(({ tempId }) => tempIds.has(tempId));
      const numbers = stored.map(({ seq }) => seq);
      assert.deepEqual(numbers, numbers.toSorted(byNumber), `the order for ${person.name}`);
      assert.equal(numbers.length, said.length, `nothing twice for ${person.name}`);
    }
    assert.ok(people.every((person) => person.isConnected));
    assert.ok(east.isRunning() && west.isRunning());
  });

  test("a Redis that stalls and catches up tells nothing twice", async (t) => {
    const redis = await Redis.starts(t);
    const [east, west] = await twoOn(t, redis);
    const room = freshRoom("stall");
    const [ada, ben] = await Promise.all([
      Person.connects(t, "Ada", east),
      Person.connects(t, "Ben", west),
    ]);
    await Promise.all([ada.enters(room), ben.enters(room)]);
    await ada.says(room, "before");
    await ben.hearsStored(room, "before");

    await redis.stalls(STALL_MS);
    await Promise.all(numbersTo(MANY).map((n) => ada.says(room, `${n}`)));
    for (const person of [ada, ben]) {
      await person.hears(room, ({ stored }) => stored.length >= MANY + 1);
    }
    await redis.isBack();
    // What Redis has caught up on comes before what it takes in now.
    await hearsAgain(ben, ada, room);
    for (const person of [ada, ben]) {
      const { shown, stored } = person.heard(room);
      assert.deepEqual(
        stored.map(({ seq }) => seq),
        numbersTo(stored.length),
        `stored for ${person.name}`,
      );
      const tempIds = shown.map(({ tempId }) => tempId);
      assert.equal(new Set(tempIds).size, tempIds.length, `shown once to ${person.name}`);
    }
  });
});

/** Two instances that have no other Redis than this one. */
function twoOn(t, redis) {
  const environment = { REDIS_URL: redis.url };
  return Promise.all([SocketTier.startsFor(t, environment), SocketTier.startsFor(t, environment)]);
}

/** Speaks until the other one hears it: nobody announces that the instances have found Redis. */
async function hearsAgain(listener, speaker, room) {
  await until(async () => {
    const content = `can you hear me? ${crypto.randomUUID()}`;
    await speaker.says(room, content);
    return listener.heard(room).shown.some((event) => event.content === content);
  }, `${listener.name} hears ${speaker.name} again`);
}

function byNumber(a, b) {
  return a - b;
}
