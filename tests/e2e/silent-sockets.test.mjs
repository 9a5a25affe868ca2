// Sockets that do not read cost a bounded memory, and are closed; whoever reads notices nothing.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { suite, test } from "node:test";

import { until } from "./harness/deadline.mjs";
import { measured, measures } from "./harness/measures.mjs";
import { Person } from "./harness/person.mjs";
import { Program } from "./harness/program.mjs";
import { freshRoom, numbersTo } from "./harness/room.mjs";
import { SocketTier } from "./harness/socket-tier.mjs";

const SCRIPT = fileURLToPath(new URL("../clients-python/silent_crowd.py", import.meta.url));
const SILENT = 1_000;
/** Together more than an outbox and the kernel take in: 2 MB. */
const MESSAGES = 170;
const CONTENT = "가".repeat(4_000);
const MIB = 1024 * 1024;
/** What a thousand full outboxes of shared messages, and the sockets' own buffers, may take. */
const GROWTH_MAX = 100 * MIB;
const GONE_MS = 90_000;

suite("silent sockets", () => {
  test("a thousand of them stay under a cap and are closed as slow", { timeout: 240_000 }, async (t) => {
    // All of them come from this machine.
    const environment = { CONNECTIONS_PER_ADDRESS_MAX: String(2 * SILENT) };
    const tier = await SocketTier.startsFor(t, environment);
    const room = freshRoom("silent");
    const { port } = new URL(tier.address);
    const crowd = new Program(process.env.PYTHON_WITH_STOMP, {}, {
      args: [SCRIPT, port, room, String(SILENT)],
      stdin: "pipe",
    });
    t.after(() => crowd.isRunning() && crowd.dies());
    await crowd.lines.until((lines) => lines.includes("subscribed"), "all subscribe", GONE_MS);
    const [ada, ben] = await Promise.all([
      Person.connects(t, "Ada", tier),
      Person.connects(t, "Ben", tier),
    ]);
    await ben.enters(room, { delivery: "committed" });
    const before = await tier.residentBytes();

    let peak = before;
    for (const n of numbersTo(MESSAGES)) {
      // Everybody else is served meanwhile.
      const { seq } = await ada.says(room, CONTENT);
      assert.equal(seq, n);
      peak = Math.max(peak, await tier.residentBytes());
    }
    await ben.hears(room, ({ committed }) => committed.length === MESSAGES);
    await until(
      async () => {
        peak = Math.max(peak, await tier.residentBytes());
        return (await measures(tier)).get("chat_ws_connections") === 2;
      },
      "the silent ones are closed",
      GONE_MS,
    );
    await measured(tier, 'chat_ws_closes_total{code="4009"}', (n) => n === SILENT);
    const growth = (peak - before) / MIB;
    t.diagnostic(`${SILENT} silent sockets: ${growth.toFixed(1)} MiB more at the most`);
    assert.ok(growth * MIB <= GROWTH_MAX, `${growth} MiB more`);
    assert.ok(ada.isConnected && ben.isConnected);
  });
});
