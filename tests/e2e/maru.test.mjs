// `maru` alone: the whole chat in one process, on a machine with nothing.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";

import { databaseUrl, maruProgram } from "./harness/environment.mjs";
import { Person } from "./harness/person.mjs";
import { Program } from "./harness/program.mjs";
import { freshRoom, numbersTo } from "./harness/room.mjs";

class Maru extends Program {
  address;

  static async starts(t, dataDir) {
    const maru = new Maru(maruProgram, {
      DATA_DIR: dataDir,
      LISTEN: "127.0.0.1:0",
      AUTH_MODE: "optional",
    });
    t.after(() => maru.isRunning() && maru.dies());
    maru.address = await maru.listens();
    return maru;
  }

  async history(room, query = "") {
    const response = await fetch(`${this.address}/${encodeURIComponent(room)}/messages${query}`);
    assert.equal(response.status, 200);
    return response.json();
  }
}

async function freshFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), "maru-data-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

/** Starts `maru` on something that cannot work: its end. */
async function failsToStart(t, environment) {
  const maru = new Program(maruProgram, { DATA_DIR: await freshFolder(t), ...environment });
  t.after(() => maru.isRunning() && maru.dies());
  return maru.ends();
}

suite("maru", { timeout: 300_000 }, () => {
  test("serves page, chat and history, and finds them again at the next start", async (t) => {
    const dataDir = await freshFolder(t);
    const room = freshRoom("hall");
    const first = await Maru.starts(t, dataDir);
    t.diagnostic(`it says:\n${first.lines.entries.join("\n")}`);

    const page = await fetch(first.address);
    assert.equal(page.status, 200);
    assert.match(page.headers.get("content-type"), /^text\/html/);
    assert.match(await page.text(), /<html/);
    const health = await fetch(`${first.address}/health`);
    assert.equal(await health.text(), "OK");

    const [ada, ben] = await Promise.all([
      Person.connects(t, "Ada", first),
      Person.connects(t, "Ben", first),
    ]);
    await Promise.all([ada.enters(room), ben.enters(room)]);
    for (const n of numbersTo(5)) await ada.says(room, `word ${n}`);
    await ben.hearsStored(room, "word 5");
    const before = await first.history(room);
    assert.deepEqual(
      before.messages.map(({ seq }) => seq),
      numbersTo(5),
    );
    const page2 = await first.history(room, "?limit=2&before=4");
    assert.deepEqual(
      page2.messages.map(({ content }) => content),
      ["word 2", "word 3"],
    );

    // Somebody is still there when it is told to stop.
    await first.stops("SIGINT");
    assert.equal((await ada.isClosed()).code, 1012);

    const second = await Maru.starts(t, dataDir);
    assert.deepEqual((await second.history(room)).messages, before.messages);
    const cid = await Person.connects(t, "Cid", second);
    assert.equal((await cid.says(room, "good morning")).seq, 6);
    await cid.leaves();
    await second.stops("SIGTERM");
  });

  test("finds what was receipted after it was killed", async (t) => {
    const dataDir = await freshFolder(t);
    const room = freshRoom("crash");
    const first = await Maru.starts(t, dataDir);
    const ada = await Person.connects(t, "Ada", first);
    await Promise.all(numbersTo(20).map((n) => ada.says(room, `word ${n}`)));
    await first.dies();

    const second = await Maru.starts(t, dataDir);
    const { messages } = await second.history(room);
    assert.deepEqual(
      messages.map(({ seq }) => seq),
      numbersTo(20),
    );
    await second.stops();
  });

  test("says in one line that its port is taken", async (t) => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    t.after(() => other.close());
    const listen = `127.0.0.1:${other.address().port}`;
    const { code, stderr } = await failsToStart(t, { LISTEN: listen });
    assert.equal(code, 1);
    assertOneLine(stderr, listen);
  });

  test("says in one line that its database cannot be reached", async (t) => {
    const { code, stderr } = await failsToStart(t, {
      LISTEN: "127.0.0.1:0",
      DATABASE_URL: "postgres://ada:s3cret@127.0.0.1:1/chat",
    });
    assert.equal(code, 1);
    assertOneLine(stderr, "DATABASE_URL");
    assert.doesNotMatch(stderr, /s3cret/);
  });

  test("says in one line that its Redis cannot be reached", async (t) => {
    const { code, stderr } = await failsToStart(t, {
      LISTEN: "127.0.0.1:0",
      REDIS_URL: "redis://127.0.0.1:1",
    });
    assert.equal(code, 1);
    assertOneLine(stderr, "REDIS_URL");
  });

  test("names every bad variable at once", async (t) => {
    const bad = {
      LISTEN: "everywhere",
      AUTH_MODE: "perhaps",
      CORS_ALLOWED_ORIGINS: "not an origin",
      LOG_FORMAT: "verse",
    };
    const { code, stderr } = await failsToStart(t, bad);
    assert.equal(code, 1);
    for (const variable of Object.keys(bad)) assert.ok(stderr.includes(variable), stderr);
  });

  test("without Node the chat starts, and says why there is no page and how to get one", async (t) => {
    const maru = new Program(maruProgram, {
      PATH: "/nowhere",
      WEB_DIR: undefined,
      DATABASE_URL: databaseUrl,
      DATA_DIR: await freshFolder(t),
      LISTEN: "127.0.0.1:0",
      AUTH_MODE: "optional",
    });
    t.after(() => maru.isRunning() && maru.dies());
    const address = await maru.listens();
    const said = await maru.lines.until((lines) => lines.find((line) => line.includes("page ")), "it speaks of the page");
    assert.match(said, /there is none: The page is built with Node 20 or newer, and there is no node here/);
    const page = await fetch(address);
    assert.equal(page.status, 503);
    assert.match(await page.text(), /there is no node here.*npm ci/s);
    const documents = await fetch(`${address}/docs`);
    assert.equal(documents.status, 200);
    assert.match(await documents.text(), /openapi\.json.*There is no viewer here/s);

    const room = freshRoom("without-node");
    const ada = await Person.connects(t, "Ada", { address });
    await ada.enters(room);
    await ada.says(room, "It works all the same");
    await ada.hearsStored(room, "It works all the same");
  });
});

function assertOneLine(stderr, part) {
  const lines = stderr.trim().split("\n");
  assert.equal(lines.length, 1, stderr);
  assert.ok(lines[0].includes(part), stderr);
}
