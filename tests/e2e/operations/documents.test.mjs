// The operators' documents, held against what they are about.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";

import pg from "pg";
import { parse } from "yaml";

import { databaseUrl, maruProgram } from "../harness/environment.mjs";
import { Program } from "../harness/program.mjs";
import { workspace } from "./harness/environment.mjs";

const text = (path) => readFile(join(workspace, path), "utf8");

/** The first cells of a document's table rows that are written as code or as a number. */
function listed(document, form) {
  return new Set([...document.matchAll(form)].map(([, name]) => name));
}

async function sources(folder) {
  const entries = await readdir(join(workspace, folder), { recursive: true, withFileTypes: true });
  const files = entries.filter(({ name }) => name.endsWith(".rs"));
  const read = ({ parentPath, path, name }) => readFile(join(parentPath ?? path, name), "utf8");
  return (await Promise.all(files.map(read))).map(withoutTests).join("\n");
}

function withoutTests(source) {
  return source.split("#[cfg(test)]")[0];
}

suite("the documents", { timeout: 120_000 }, () => {
  test("list every problem as the code tells it, and no other", async () => {
    const source = await text("crates/chat/src/problem.rs");
    const codes = new Map([...source.matchAll(/Self::(\w+) => "([a-z-]+)",/g)].map(([, a, b]) => [a, b]));
    assert.ok(codes.size > 10);
    const document = await text("docs/errors.md");
    const rows = [...document.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \| (yes|no) \|/gm)];
    const known = new Map(rows.map(([, code, status, retryable]) => [code, { status, retryable }]));
    assert.deepEqual([...known.keys()].toSorted(), [...codes.values()].toSorted());

    const retryable = /fn retryable[^]*?=> true,/.exec(source)[0];
    const statuses = /fn status[^]*?\n {4}\}/.exec(source)[0];
    for (const [variant, code] of codes) {
      const isRetryable = new RegExp(`Self::${variant}\\b`).test(retryable);
      assert.equal(known.get(code).retryable, isRetryable ? "yes" : "no", code);
      const status = new RegExp(`Self::${variant}\\b[^;]*?=> (\\d{3})`).exec(statuses)[1];
      assert.equal(known.get(code).status, status, code);
    }
  });

  test("list every close code that a socket can get, and no other", async () => {
    const source = await sources("socket-tier/src");
    const used = listed(source, /(?:Close::new\(\s*|\bcode: )([14]\d{3})\b/g);
    assert.ok(used.has("4009"));
    const document = await text("docs/errors.md");
    const known = listed(document, /^\| ([14]\d{3}) \|/gm);
    assert.deepEqual([...known].toSorted(), [...used].toSorted());
  });

  test("have a section for every alert, which the alert names", async () => {
    const document = await text("docs/operate.md");
    const sections = listed(document, /^### (Maru\w+)$/gm);
    const { groups } = parse(await text("deploy/observability/alerts.yml"));
    const rules = groups.flatMap(({ rules }) => rules);
    assert.deepEqual([...sections].toSorted(), rules.map(({ alert }) => alert).toSorted());
    for (const { alert, annotations } of rules) {
      assert.equal(annotations.runbook, `docs/operate.md#${alert.toLowerCase()}`);
    }
  });

  test("bring an old server's messages over, in their order", async (t) => {
    const document = await text("docs/migrate-from-spring.md");
    const copy = /```sql\n([^]*?)```/.exec(document)[1];
    const name = `spring_${process.pid}`;
    const admin = new pg.Client(databaseUrl);
    await admin.connect();
    await admin.query(`CREATE DATABASE ${name}`);
    t.after(async () => {
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    });
    const url = new URL(databaseUrl);
    url.pathname = `/${name}`;
    const migration = new Program(maruProgram, { DATABASE_URL: url.href }, { args: ["migrate"] });
    assert.equal((await migration.ends()).code, 0);

    const database = new pg.Client(url.href);
    await database.connect();
    // The server is stopped by the database's end.
    database.on("error", () => {});
    t.after(() => database.end());
    await database.query(`
      CREATE SCHEMA old;
      CREATE TABLE old.chat_message (
        id uuid PRIMARY KEY, room_id varchar(255), sender varchar(255), content text,
        created_at timestamp, edited_at timestamp, is_deleted boolean);
      INSERT INTO old.chat_message
      SELECT gen_random_uuid(), room, 'Ada', room || ' ' || n,
             timestamp '2024-01-01' + n * interval '1 minute', NULL, n = 3
      FROM unnest(ARRAY['hall', 'kitchen']) AS room, generate_series(5, 1, -1) AS n;`);
    await database.query(copy);
    const { rows } = await database.query(
      "SELECT content, seq::int, is_deleted FROM chat_message WHERE room_id = 'hall' ORDER BY seq",
    );
    assert.deepEqual(
      rows,
      [1, 2, 3, 4, 5].map((n) => ({ content: `hall ${n}`, seq: n, is_deleted: n === 3 })),
    );
    const counters = await database.query("SELECT last_seq::int FROM chat_room");
    assert.deepEqual(counters.rows, [{ last_seq: 5 }, { last_seq: 5 }]);
    await assert.rejects(database.query(copy), /duplicate key/);
    await database.query("ROLLBACK");
  });
});
