// The client against the real server, faults included.

import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { IndexedDbOutboxStore, MemoryOutboxStore } from "@maru/client";
import { IDBFactory } from "fake-indexeddb";

import { Database } from "../../../tests/e2e/harness/database.mjs";
import { until, within } from "../../../tests/e2e/harness/deadline.mjs";
import { freshRoom, numbersTo } from "../../../tests/e2e/harness/room.mjs";
import { Server } from "../../../tests/e2e/harness/server.mjs";
import { Person } from "./person.mjs";

const contents = (items) => items.map(({ content }) => content);
const numbers = (items) => items.map(({ seq }) => seq);
const allStored = (n) => (items) =>
  items.length === n && items.every(({ state }) => state === "stored");

suite("the client against the server", { timeout: 300_000 }, () => {
  test("joins history and live without a gap or a repeat, while others talk", async (t) => {
    const server = await Server.startsFor(t);
    const id = freshRoom("join");
    const ada = await Person.entersAsGuest(t, server, "Ada");
    const says = ada.client.openRoom(id);
    for (const n of numbersTo(60)) await says.send(`before ${n}`).stored;

    const ben = await Person.entersAsGuest(t, server, "Ben");
    const during = numbersTo(40).map((n) => says.send(`during ${n}`).stored);
    const hears = ben.client.openRoom(id);
    await Promise.all(during);
    await says.send("after").stored;
    await ben.sees(hears, (items) => items.at(-1)?.content === "after");
    // The newest page begins somewhere; from there on nothing is missing.
    const seen = numbers(hears.items);
    assert.deepEqual(seen, numbersTo(101).slice(-seen.length));

    while (hears.hasOlder) await hears.loadOlder();
    assert.deepEqual(numbers(hears.items), numbersTo(101));
    assert.deepEqual(
      contents(hears.items),
      [...numbersTo(60).map((n) => `before ${n}`), ...numbersTo(40).map((n) => `during ${n}`), "after"],
    );
    assert.ok(hears.items.every(({ isMine }) => !isMine));
    assert.ok(says.items.every(({ isMine }) => isMine));
  });

  test("loses and doubles nothing while the server is killed and started again", async (t) => {
    const server = await Server.startsFor(t);
    const database = Database.connectsFor(t);
    const id = freshRoom("kill");
    const ada = await Person.signsUp(t, server, "Ada");
    const ben = await Person.entersAsGuest(t, server, "Ben");
    const rooms = [ada.client.openRoom(id), ben.client.openRoom(id)];
    await rooms[0].send("hello").stored;

    const each = 120;
    const receipts = [];
    const sendings = rooms.flatMap((room, person) =>
      numbersTo(each).map((n) => room.send(`${person} says ${n}`).stored),
    );
    for (const stored of sendings) stored.then((receipt) => receipts.push(receipt), () => {});
    for (const done of [20, 90]) {
      await until(() => receipts.length >= done, `${done} receipts before the server is killed`);
      await server.dies();
      await server.starts();
    }
    const all = await within(Promise.all(sendings), "every message is stored", 60_000);

    const total = 2 * each + 1;
    for (const [person, room] of rooms.entries()) {
      await [ada, ben][person].sees(room, allStored(total), 60_000);
      while (room.hasOlder) await room.loadOlder();
      assert.deepEqual(numbers(room.items), numbersTo(total));
    }
    const rows = await database.messages(id);
    assert.deepEqual(rows.map(({ seq }) => seq), numbersTo(total));
    assert.equal(new Set(rows.map(({ content }) => content)).size, total);
    assert.deepEqual(contents(rooms[0].items), rows.map(({ content }) => content));
    assert.deepEqual(contents(rooms[1].items), rows.map(({ content }) => content));
    // What each of them said is in the order in which it was said, and the receipts are too.
    for (const person of [0, 1]) {
      const said = rows.filter(({ content }) => content.startsWith(`${person} says`));
      assert.deepEqual(said.map(({ content }) => content), numbersTo(each).map((n) => `${person} says ${n}`));
      const seqs = all.slice(person * each, (person + 1) * each).map(({ seq }) => seq);
      assert.deepEqual(seqs, seqs.toSorted((a, b) => a - b));
    }
    assert.ok(ada.statuses.some(({ state }) => state === "waiting"), "Ada noticed");
  });

  test("comes back when the server is restarted in good order", async (t) => {
    const server = await Server.startsFor(t);
    const id = freshRoom("drain");
    const ada = await Person.signsUp(t, server, "Ada");
    const room = ada.client.openRoom(id);
    await room.send("before").stored;
    await server.stops();
    const waiting = ada.statuses.find(({ state }) => state === "waiting");
    assert.ok(waiting.retryMs <= 5_300, "it waits as long as it was advised");
    const { stored } = room.send("meanwhile");
    assert.equal(room.items.at(-1).state, "sending");
    await server.starts();
    assert.equal((await within(stored, "it is stored after the restart")).seq, 2);
  });

  test("renews an account's token in-band, and the connection goes on", async (t) => {
    const server = await Server.startsFor(t, { JWT_LIFETIME_SECONDS: "6" });
    const ada = await Person.signsUp(t, server, "Ada");
    const room = ada.client.openRoom(freshRoom("renewal"));
    await ada.becomes("online");
    const before = ada.statuses.length;
    const renewed = () => ada.asked.filter((path) => path === "/auth/refresh").length >= 3;
    for (let n = 0; !renewed(); n += 1) await room.send(`word ${n}`).stored;
    await room.send("at last").stored;
    assert.deepEqual(ada.statuses.slice(before), [], "nothing has changed since");
  });

  test("goes on as a new guest when a guest's token runs out, and repeats nothing", async (t) => {
    const server = await Server.startsFor(t, { JWT_LIFETIME_SECONDS: "3" });
    const database = Database.connectsFor(t);
    const id = freshRoom("guest");
    const ada = await Person.entersAsGuest(t, server, "Ada");
    const room = ada.client.openRoom(id);
    const names = () => ada.asked.filter((path) => path === "/auth/guest").length;
    let said = 0;
    while (names() < 4) await room.send(`word ${++said}`).stored;
    const rows = await database.messages(id);
    assert.deepEqual(rows.map(({ content }) => content), numbersTo(said).map((n) => `word ${n}`));
    await ada.sees(room, allStored(said));
    assert.ok(room.items.every(({ isMine }) => isMine));
    assert.ok(new Set(room.items.map(({ senderId }) => senderId)).size >= 3);
  });

  test("finds under a guest's new name what was stored under the old one", async (t) => {
    const server = await Server.startsFor(t);
    const database = Database.connectsFor(t);
    const id = freshRoom("found");
    const outbox = new MemoryOutboxStore();
    const ada = await Person.entersAsGuest(t, server, "Ada", { outbox });
    const { tempId, stored } = ada.client.openRoom(id).send("once");
    const receipt = await stored;
    ada.client.disconnect();
    // The page was closed between the commit and the receipt.
    const attempt = { as: ada.account.user.id, at: Date.now() - 60_000, after: 0 };
    const entry = { tempId, owner: "guests", roomId: id, content: "once", saidAt: 1, attempt };
    await outbox.put(entry);
    await outbox.put({ ...entry, tempId: crypto.randomUUID(), content: "never sent", saidAt: 2 });

    const again = await Person.entersAsGuest(t, server, "Ada", { outbox });
    const room = again.client.openRoom(id);
    await again.sees(room, allStored(2));
    const rows = await database.messages(id);
    assert.deepEqual(rows.map(({ content }) => content), ["once", "never sent"]);
    assert.equal(rows[0].id, receipt.id);
    assert.deepEqual(await outbox.load("guests"), []);
  });

  test("sends from another page what the last one could not", async (t) => {
    const server = await Server.startsFor(t);
    const factory = new IDBFactory();
    const id = freshRoom("reload");
    const ada = await Person.signsUp(t, server, "Ada", { outbox: new IndexedDbOutboxStore(factory) });
    await ada.becomes("online");
    await server.dies();
    await ada.becomes("waiting");
    for (const n of numbersTo(3)) ada.client.openRoom(id).send(`kept ${n}`);
    const kept = new IndexedDbOutboxStore(factory);
    const keeps = async (n) => (await kept.load(ada.account.user.id)).length === n;
    await until(() => keeps(3), "all of it is kept");
    ada.client.disconnect();

    await server.starts();
    ada.begins(t, server, { outbox: new IndexedDbOutboxStore(factory) });
    const room = ada.client.openRoom(id);
    await ada.sees(room, allStored(3));
    assert.deepEqual(contents(room.items), numbersTo(3).map((n) => `kept ${n}`));
    await until(() => keeps(0), "nothing is kept any more");
  });

  test("reads a room anew that has become another one", async (t) => {
    const server = await Server.startsFor(t);
    const database = Database.connectsFor(t);
    const id = freshRoom("restored");
    const ada = await Person.signsUp(t, server, "Ada");
    const room = ada.client.openRoom(id);
    for (const n of numbersTo(5)) await room.send(`lost ${n}`).stored;
    // A receipt may come before the room is told, which changes nothing in the list then.
    await until(() => room.position === 5, "all of it was heard");
    await server.dies();
    await ada.becomes("waiting");
    await database.goesBack(id, 2);
    await server.starts();
    await ada.sees(room, (items) => items.length === 2);
    await room.send("and on").stored;
    assert.deepEqual(contents(room.items), ["lost 1", "lost 2", "and on"]);
    assert.deepEqual(numbers(room.items), numbersTo(3));
  });

  test("says what the server does not take, and goes on with the rest", async (t) => {
    const server = await Server.startsFor(t);
    const ada = await Person.signsUp(t, server, "Ada");
    const room = ada.client.openRoom(freshRoom("refused"));
    const refused = room.send("nothing \u0000");
    const taken = room.send("something");
    await assert.rejects(refused.stored, { name: "ProblemError", code: "invalid-request" });
    assert.equal((await taken.stored).seq, 1);
    const [item] = room.items.filter(({ state }) => state === "failed");
    assert.equal(item.tempId, refused.tempId);
    assert.match(item.refusal.detail, /U\+0000/);
    room.discard(refused.tempId);
    await ada.sees(room, allStored(1));
  });

  test("stops where the session was ended, and says so", async (t) => {
    const server = await Server.startsFor(t);
    const ada = await Person.signsUp(t, server, "Ada");
    await ada.becomes("online");
    const { accessToken } = await ada.account.token();
    const headers = { authorization: `Bearer ${accessToken}` };
    await fetch(`${server.address}/auth/logout-all`, { method: "POST", headers });
    assert.equal((await ada.becomes("stopped")).why, "signed-out");
  });
});
