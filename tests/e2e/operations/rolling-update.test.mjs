// Three instances replaced one after the other while people talk: nothing lost, nothing doubled.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";

import { until } from "../harness/deadline.mjs";
import { databaseUrl, maruProgram } from "../harness/environment.mjs";
import { Program } from "../harness/program.mjs";
import { Server, freePort } from "../harness/server.mjs";
import { SocketTier } from "../harness/socket-tier.mjs";
import { scratchFolder } from "./harness/scratch.mjs";

const INSTANCES = 3;
/** Longer than three replacements take, also on a busy machine. */
const TALK_SECONDS = 30;
const END_MS = 240_000;

suite("a rolling update", { timeout: 400_000 }, () => {
  test("loses and doubles nothing", async (t) => {
    const folder = await scratchFolder(t);
    const history = await Server.startsFor(t, { AUTH_MODE: "optional" });
    const instances = [];
    t.after(() => Promise.all(instances.map((tier) => tier.isRunning() && tier.dies())));
    for (let n = 0; n < INSTANCES; n += 1) {
      const listen = `127.0.0.1:${await freePort()}`;
      instances.push(await SocketTier.starts({ LISTEN: listen }));
    }
    const verifying = verifies(t, { folder, history, instances });
    await verifying.beginsToTalk();

    for (const [n, old] of instances.entries()) {
      // It must end in good order: exit code 0.
      await old.stops();
      instances[n] = await SocketTier.starts({ LISTEN: new URL(old.address).host });
    }
    assert.ok(verifying.isRunning(), "all were replaced while people talked");

    const report = await verifying.reports();
    t.diagnostic(report.text);
    assert.equal(report.kept, true, report.text);
    assert.deepEqual(report.breaches, {});
    assert.equal(report.unknown, 0);
    assert.equal(report.rows, report.receipted);
    assert.ok(report.closes["1012"] > 0, "clients were told to go elsewhere");
  });
});

function verifies(t, { folder, history, instances }) {
  const json = join(folder, "report.json");
  const urls = instances.map(({ address }) => `--url=${address.replace("http", "ws")}/ws`);
  const load = ["--senders=8", "--listeners=40", "--rooms=8", "--rate=50"];
  const args = [
    "verify",
    ...urls,
    `--history=${history.address}`,
    `--database-url=${databaseUrl}`,
    ...load,
    `--duration=${TALK_SECONDS}s`,
    `--json=${json}`,
    `--journal=${join(folder, "journal")}`,
  ];
  return new Verifying(t, args, json);
}

class Verifying extends Program {
  #json;

  constructor(t, args, json) {
    super(maruProgram, {}, { args });
    this.#json = json;
    t.after(() => this.isRunning() && this.dies());
  }

  /** Waits until somebody has a receipt. */
  async beginsToTalk() {
    await until(() => /receipts [1-9]/.test(this.log()), "somebody has a receipt", 60_000);
  }

  /** Waits for its end, and brings its report. */
  async reports() {
    const { code, stdout } = await this.ends(END_MS);
    assert.notEqual(code, 2, this.logTail());
    return { text: stdout, ...JSON.parse(await readFile(this.#json, "utf8")) };
  }
}
