// One contract, both stores.

import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { IndexedDbOutboxStore, MemoryOutboxStore } from "@maru/client";
import { IDBFactory } from "fake-indexeddb";

const entry = (tempId, saidAt, owner = "ada") => ({ tempId, owner, roomId: "lobby", content: tempId, saidAt });

for (const [name, fresh] of [
  ["memory", () => new MemoryOutboxStore()],
  ["IndexedDB", () => new IndexedDbOutboxStore(new IDBFactory())],
]) {
  suite(`an outbox in ${name}`, () => {
    test("brings an owner's entries in the order in which they were said", async () => {
      const store = fresh();
      await store.put(entry("second", 2));
      await store.put(entry("first", 1));
      await store.put(entry("another's", 1, "ben"));
      assert.deepEqual(await store.load("ada"), [entry("first", 1), entry("second", 2)]);
    });

    test("keeps the last version of an entry, as it was when it was put", async () => {
      const store = fresh();
      const refused = { ...entry("one", 1), refusal: { code: "forbidden", detail: "No." } };
      await store.put(entry("one", 1));
      await store.put(refused);
      refused.refusal.code = "changed";
      assert.equal((await store.load("ada"))[0].refusal.code, "forbidden");
    });

    test("forgets what is deleted, however often", async () => {
      const store = fresh();
      await store.put(entry("one", 1));
      await store.delete("one");
      await store.delete("one");
      assert.deepEqual(await store.load("ada"), []);
    });
  });
}
