// Two instances, one Redis, one Postgres: a room is one room.

import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { Database } from "./harness/database.mjs";
import { Person } from "./harness/person.mjs";
import { freshRoom, numbersTo } from "./harness/room.mjs";
import { SocketTier, twoInstances } from "./harness/socket-tier.mjs";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const UTC_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

suite("two instances", () => {
  const instances = twoInstances();

  test("both events have exactly the members of the contract", async (t) => {
    const [east, west] = instances;
    const room = freshRoom("shape");
    const [ada, ben] = await Promise.all([
      Person.connects(t, "Ada", east),
      Person.connects(t, "Ben", west),
    ]);
    await Promise.all([ada.enters(room), ben.enters(room)]);
    const receipt = await ada.says(room, "안녕 👋");

    for (const listener of [ada, ben]) {
      await listener.hearsStored(room, "안녕 👋");
      const { shown, stored } = listener.heard(room);
      assert.deepEqual(shown, [
        {
          id: receipt.tempId,
          tempId: receipt.tempId,
          sender: "Ada",
          content: "안녕 👋",
          roomId: room,
          createdAt: null,
          editedAt: null,
          deleted: false,
        },
      ]);
      assert.deepEqual(stored, [
        {
          id: receipt.messageId,
          tempId: receipt.tempId,
          createdAt: receipt.createdAt,
          editedAt: null,
          roomId: room,
          seq: 1,
          rev: 1,
        },
      ]);
    }
    assert.match(receipt.messageId, UUID);
    assert.notEqual(receipt.messageId, receipt.tempId);
    assert.match(receipt.createdAt, UTC_TIME);
  });

  test("everyone hears every message on both events and in one order", async (t) => {
    const [east, west] = instances;
    const [room, otherRoom] = [freshRoom("talk"), freshRoom("quiet")];
    const people = await Promise.all(
      ["Ada", "Ben", "Cid", "Dot"].map((name, index) =>
        Person.connects(t, name, index % 2 ? west : east),
      ),
    );
    const outsiders = await Promise.all([
      Person.connects(t, "Eve", east),
      Person.connects(t, "Fay", west),
    ]);
    const database = Database.connectsFor(t);
    await Promise.all(people.map((person) => person.enters(room)));
    await Promise.all(outsiders.map((person) => person.enters(otherRoom)));

    const each = 25;
    const receipts = await Promise.all(
      people.flatMap((person) =>
        numbersTo(each).map((n) => person.says(room, `${person.name} says ${n}`)),
      ),
    );
    const total = people.length * each;
    assert.deepEqual(receipts.map(({ seq }) => seq).sort(byNumber), numbersTo(total));

    for (const person of people) {
      await person.hears(room, (heard) => heard.stored.length >= total);
      await person.hears(room, (heard) => heard.shown.length >= total);
      const { shown, stored } = person.heard(room);
      assert.deepEqual(
        stored.map(({ seq }) => seq),
        numbersTo(total),
        person.name,
      );
      assert.deepEqual(shown, people[0].heard(room).shown, `as shown to ${person.name}`);
      assert.deepEqual(stored, people[0].heard(room).stored, `as stored for ${person.name}`);
      assertEachSenderInOrder(shown);
    }

    const rows = await database.messages(room);
    assert.deepEqual(
      rows.map(({ seq }) => seq),
      numbersTo(total),
    );
    assert.deepEqual(
      rows.map(({ id }) => id),
      people[0].heard(room).stored.map(({ id }) => id),
    );

    // What these two hear next is the first thing they hear at all.
    for (const speaker of outsiders) await speaker.says(otherRoom, `${speaker.name} is alone`);
    for (const outsider of outsiders) {
      await outsider.hearsStored(otherRoom, "Fay is alone");
      const heard = outsider.heard(otherRoom).shown.map(({ content }) => content);
      assert.deepEqual(heard, ["Eve is alone", "Fay is alone"]);
    }
  });

  test("the same tempId is stored once, whichever instance it reaches", async (t) => {
    const [east, west] = instances;
    const room = freshRoom("again");
    const database = Database.connectsFor(t);
    const [here, there] = await Promise.all([
      Person.connects(t, "Ada", east),
      Person.connects(t, "Ada", west),
    ]);
    const first = await here.says(room, "once");
    const { tempId } = first;
    const repeats = await Promise.all([
      here.says(room, "once", { tempId }),
      there.says(room, "once", { tempId }),
    ]);
    assert.equal(first.duplicate, false);
    for (const repeat of repeats) assert.deepEqual(repeat, { ...first, duplicate: true });
    assert.equal((await database.messages(room)).length, 1);
  });

  test("committed delivery brings each message once, complete and in order", async (t) => {
    const [east, west] = instances;
    const room = freshRoom("committed");
    const [ada, ben] = await Promise.all([
      Person.connects(t, "Ada", east),
      Person.connects(t, "Ben", west),
    ]);
    await ben.enters(room, { delivery: "committed" });
    await Promise.all(numbersTo(30).map((n) => ada.says(room, `number ${n}`)));
    await ben.hears(room, (heard) => heard.committed.length >= 30);
    const { shown, stored, committed } = ben.heard(room);
    assert.deepEqual([shown, stored], [[], []]);
    assert.deepEqual(
      committed.map(({ seq }) => seq),
      numbersTo(30),
    );
    assert.deepEqual(
      committed.map(({ content }) => content),
      numbersTo(30).map((n) => `number ${n}`),
    );
  });

  test("who stops listening hears nothing more", async (t) => {
    const [east, west] = instances;
    const room = freshRoom("left");
    const [ada, ben] = await Promise.all([
      Person.connects(t, "Ada", east),
      Person.connects(t, "Ben", west),
    ]);
    await Promise.all([ada.enters(room), ben.enters(room)]);
    await ada.says(room, "before");
    await ben.hearsStored(room, "before");
    await ben.stopsListening(room);
    await ada.says(room, "after");
    await ada.hearsStored(room, "after");
    // An answer on the same socket comes after whatever was on its way.
    await ben.enters(freshRoom("elsewhere"));
    assert.deepEqual(
      ben.heard(room).shown.map(({ content }) => content),
      ["before"],
    );
  });

  test("an instance that is stopped says goodbye and ends well", async (t) => {
    const instance = await SocketTier.startsFor(t);
    const ada = await Person.connects(t, "Ada", instance);
    await instance.stops();
    const { code } = await ada.isClosed();
    assert.equal(code, 1012);
  });
});

function byNumber(a, b) {
  return a - b;
}

/** Nobody's words overtake each other. */
function assertEachSenderInOrder(shown) {
  const last = new Map();
  for (const { sender, content } of shown) {
    const number = Number(content.split(" ").at(-1));
    assert.equal(number, (last.get(sender) ?? 0) + 1, `${content} is in its place`);
    last.set(sender, number);
  }
}
