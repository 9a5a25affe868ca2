// Many at once: nothing lost, nothing twice, nothing kept.

import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { until } from "./harness/deadline.mjs";
import { Database } from "./harness/database.mjs";
import { Person } from "./harness/person.mjs";
import { freshRoom, numbersTo } from "./harness/room.mjs";
import { twoInstances } from "./harness/socket-tier.mjs";

const SENDERS = 200;
const LISTENERS = 10;
const SMALL_ROOMS = 50;
const EACH = 5;
const CROWD_MS = 120_000;
const MIB = 1024 * 1024;
/** What an instance may hold after a crowd beyond what it held after an equal crowd before. */
const GROWTH_MAX = 8 * MIB;
/** What an instance may hold after the crowds beyond what it held before it saw anybody. */
const FOOTPRINT_MAX = 64 * MIB;

suite("a crowd", () => {
  const instances = twoInstances();

  test(
    "200 senders in one room and 50 rooms at once: no hole, no duplicate, no lost receipt",
    { timeout: 4 * CROWD_MS },
    async (t) => {
      const atStart = await memory(instances);
      await crowd(t, instances);
      const afterOne = await memory(instances);
      await crowd(t, instances);

      for (const [index, instance] of instances.entries()) {
        const limit = Math.min(afterOne[index] + GROWTH_MAX, atStart[index] + FOOTPRINT_MAX);
        let now;
        await until(
          async () => (now = await instance.residentBytes()) <= limit,
          () => `memory goes back to ${mib(limit)}, it is ${mib(now)}`,
        );
        const marks = [atStart[index], afterOne[index], now].map(mib).join(", ");
        t.diagnostic(`resident at the start, after one crowd, after two: ${marks}`);
      }
    },
  );
});

/** One big room and many small ones, all talking at the same time; then everybody leaves. */
async function crowd(t, instances) {
  const database = Database.connectsFor(t);
  const bigRoom = freshRoom("crowd");
  const smallRooms = numbersTo(SMALL_ROOMS).map((n) => freshRoom(`small-${n}`));
  const arrive = (count, name) =>
    Promise.all(
      numbersTo(count).map((n) =>
        Person.connects(t, `${name} ${n}`, instances[n % instances.length]),
      ),
    );
  const senders = await arrive(SENDERS, "Sender");
  const listeners = senders.slice(0, LISTENERS);
  const neighbours = await arrive(SMALL_ROOMS, "Neighbour");
  await Promise.all([
    ...listeners.map((person) => person.enters(bigRoom)),
    ...neighbours.map((person, index) => person.enters(smallRooms[index])),
  ]);

  const speak = (person, room) =>
    Promise.all(
      numbersTo(EACH).map((n) =>
        person.says(room, `${person.name} says ${n}`, { limitMs: CROWD_MS, patiently: true }),
      ),
    );
  const [inBigRoom, inSmallRooms] = await Promise.all([
    Promise.all(senders.map((person) => speak(person, bigRoom))),
    Promise.all(neighbours.map((person, index) => speak(person, smallRooms[index]))),
  ]);

  await assertWhole(database, bigRoom, inBigRoom.flat(), listeners);
  for (const [index, receipts] of inSmallRooms.entries()) {
    await assertWhole(database, smallRooms[index], receipts, [neighbours[index]]);
  }
  await Promise.all([...senders, ...neighbours].map((person) => person.leaves()));
}

/** Receipts, rows and what was heard tell the same story, 1 to n. */
async function assertWhole(database, room, receipts, listeners) {
  const numbers = numbersTo(receipts.length);
  const bySeq = receipts.toSorted((a, b) => a.seq - b.seq);
  assertSame(bySeq.map(seq), numbers, `the receipts of ${room}`);
  const rows = await database.messages(room);
  assertSame(rows.map(seq), numbers, `the rows of ${room}`);
  const tempIds = bySeq.map(tempId);
  assertSame(rows.map(tempId), tempIds, `the rows of ${room}`);
  // A starved machine may answer that it does not know; what was then sent again is told again.
  const repeated = bySeq.filter(({ duplicate }) => duplicate);

  for (const listener of listeners) {
    const who = `${listener.name} of ${room}`;
    await listener.hears(room, ({ stored }) => stored.length >= numbers.length, CROWD_MS);
    await listener.hears(room, ({ shown }) => shown.length >= numbers.length, CROWD_MS);
    // An answer on the same socket comes after whatever was on its way.
    await listener.enters(freshRoom("elsewhere"));
    const { shown, stored, rejected } = listener.heard(room);
    assertOnce(stored.map(seq), numbers, repeated.map(seq), `what was stored for ${who}`);
    assertOnce(stored.map(tempId), tempIds, repeated.map(tempId), `what was stored for ${who}`);
    // What was withdrawn is shown again when it is sent again.
    const shownAgain = [...repeated, ...rejected].map(tempId);
    assertOnce(shown.map(tempId).sort(), tempIds.toSorted(), shownAgain, `what was shown to ${who}`);
  }
}

/** Everything came once, in this order; only what was sent again may have come again. */
function assertOnce(came, expected, sentAgain, what) {
  const first = [...new Set(came)];
  assertSame(first, expected, what);
  const again = came.filter((one, index) => came.indexOf(one) !== index);
  const allowed = new Set(sentAgain);
  const twice = again.filter((one) => !allowed.has(one));
  assert.deepEqual(twice, [], `${what}: twice, though sent once`);
}

const seq = (event) => event.seq;
const tempId = (event) => event.tempId;

/** Compares two long lists and names the first place where they differ. */
function assertSame(actual, expected, what) {
  const length = Math.max(actual.length, expected.length);
  const index = numbersTo(length).findIndex((n) => actual[n - 1] !== expected[n - 1]);
  const counts = `${actual.length} where ${expected.length} are right`;
  const place = `number ${index + 1} is ${actual[index]} and should be ${expected[index]}`;
  assert.equal(index, -1, `${what}: ${counts}; ${place}`);
}

function memory(instances) {
  return Promise.all(instances.map((instance) => instance.residentBytes()));
}

function mib(bytes) {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
