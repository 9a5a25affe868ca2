// Receipted means committed.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { suite, test } from "node:test";

import { Database } from "./harness/database.mjs";
import { within } from "./harness/deadline.mjs";
import { Person } from "./harness/person.mjs";
import { PostgresProxy } from "./harness/postgres-proxy.mjs";
import { freshRoom, numbersTo } from "./harness/room.mjs";
import { SocketTier, twoInstances } from "./harness/socket-tier.mjs";

suite("receipts", () => {
  const instances = twoInstances();

  for (const [what, hold] of [
    ["the room is locked", (database, room) => database.holdsRoom(room)],
    ["only the COMMIT is held back", (database, room) => database.holdsCommit(room)],
  ]) {
    test(`no receipt comes while ${what}, and it comes right after`, async (t) => {
      const [east, west] = instances;
      const room = freshRoom("held");
      const database = Database.connectsFor(t);
      const [ada, ben] = await Promise.all([
        Person.connects(t, "Ada", east),
        Person.connects(t, "Ben", west),
      ]);
      await ada.says(room, "the room is there");
      await Promise.all([ada.enters(room), ben.enters(room)]);

      await hold(database, room);
      const draft = { content: "held back", roomId: room, sender: "Ada", tempId: randomUUID() };
      let receipted = false;
      const answer = ada.sends("/app/chat", draft).then((answer) => {
        receipted = Boolean(answer.receipt);
        return answer;
      });
      // The statement has reached Postgres and waits there for us.
      await database.isWaitedFor();
      // The message is shown to everyone meanwhile, and another room goes on elsewhere.
      for (const listener of [ada, ben]) {
        await listener.hears(room, ({ shown }) => shown.some((m) => m.content === "held back"));
      }
      await ben.says(freshRoom("free"), "this room is not held");
      // An answer on Ada's own socket comes after whatever the server has sent her before.
      await ada.enters(freshRoom("elsewhere"));
      assert.equal(receipted, false, "a RECEIPT came before the commit");
      assert.equal((await database.messages(room)).length, 1);
      for (const listener of [ada, ben]) assert.deepEqual(listener.heard(room).stored, []);

      await database.releases();
      const { problem } = await answer;
      // On a slow machine the room was held for longer than a message waits.
      if (problem) assert.ok(problem.retryable, JSON.stringify(problem));
      const { seq, messageId, duplicate } = await ada.says(room, draft.content, draft);
      assert.equal(seq, 2);
      assert.equal(duplicate, !problem);
      assert.ok(await database.has(messageId));
      for (const listener of [ada, ben]) {
        await listener.hears(room, ({ stored }) => stored.some((event) => event.seq === 2));
      }
    });
  }

  test("a COMMIT whose answer was lost is no duplicate of itself", async (t) => {
    const proxy = await PostgresProxy.startsFor(t);
    const tier = await SocketTier.startsFor(t, { DATABASE_URL: proxy.url });
    const room = freshRoom("cut");
    const database = Database.connectsFor(t);
    const ada = await Person.connects(t, "Ada", tier);
    await ada.says(room, "the room is there");

    const tempId = randomUUID();
    const cut = proxy.cutsNextCommit();
    const receipt = await ada.says(room, "stored, and nobody heard of it", { tempId });
    await within(cut, "the answer to a COMMIT is cut off");
    assert.equal(receipt.seq, 2);
    assert.equal(receipt.duplicate, false);
    const again = await ada.says(room, "stored, and nobody heard of it", { tempId });
    assert.deepEqual(again, { ...receipt, duplicate: true });
    assert.equal((await database.messages(room)).length, 2);
  });

  test("whatever is receipted can be read at that moment", async (t) => {
    const [east, west] = instances;
    const room = freshRoom("read");
    const database = Database.connectsFor(t);
    const people = await Promise.all([
      Person.connects(t, "Ada", east),
      Person.connects(t, "Ben", west),
    ]);
    await Promise.all(
      people.flatMap((person) =>
        numbersTo(50).map(async (n) => {
          const { messageId } = await person.says(room, `${n}`);
          assert.ok(await database.has(messageId), `${person.name}'s ${n} is stored`);
        }),
      ),
    );
  });
});
