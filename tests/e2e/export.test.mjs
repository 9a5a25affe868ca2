// A large room, taken home.

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { Database } from "./harness/database.mjs";
import { freshRoom } from "./harness/room.mjs";
import { Server } from "./harness/server.mjs";

const MESSAGES = 10_000;
const CONTENT_BYTES = 4_000;
const MIB = 1024 * 1024;
/** What the server may hold of an export, whatever is in the room and however slowly it is taken. */
const HELD_MAX = 12 * MIB;
/** How long a client takes nothing; a server that read on would have all of it by then. */
const STANDSTILL_MS = 1_000;

suite("an export", { timeout: 120_000 }, () => {
  test("of a large room streams: all of it comes, and little of it is held", async (t) => {
    const server = await Server.startsFor(t, { AUTH_MODE: "optional" });
    const room = freshRoom("export");
    await Database.connectsFor(t).fills(room, MESSAGES, CONTENT_BYTES);
    const asks = (limit) => fetch(`${server.address}/${room}/messages/export?limit=${limit}`);
    // What is made once and kept is made by then.
    await (await asks(1_000)).text();
    const before = await server.residentBytes();

    const answer = await asks(MESSAGES);
    assert.equal(answer.headers.get("content-type"), "application/x-ndjson");
    let [received, held, seqs, rest] = [0, 0, 0, ""];
    const decoder = new TextDecoder();
    for await (const part of answer.body) {
      if (received === 0) await pause(STANDSTILL_MS);
      const isNextMib = Math.floor(received / MIB) < Math.floor((received + part.length) / MIB);
      if (received === 0 || isNextMib) held = Math.max(held, (await server.residentBytes()) - before);
      received += part.length;
      const lines = (rest + decoder.decode(part, { stream: true })).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        seqs += 1;
        assert.equal(JSON.parse(line).seq, seqs);
      }
    }
    t.diagnostic(`${Math.round(received / MIB)} MiB, of which ${(held / MIB).toFixed(1)} MiB are held at most`);
    assert.deepEqual([seqs, rest], [MESSAGES, ""]);
    assert.ok(received > MESSAGES * CONTENT_BYTES);
    assert.ok(held < HELD_MAX, `${held} bytes are held`);
  });
});
