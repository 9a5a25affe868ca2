// template.yaml, looked at by those who know what AWS takes.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { promisify } from "node:util";

import { tools, workspace } from "./harness/environment.mjs";

const run = promisify(execFile);
const environment = {
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  AWS_DEFAULT_REGION: "eu-central-1",
  SAM_CLI_TELEMETRY: "0",
};

suite("template.yaml", { timeout: 180_000 }, () => {
  test("is a good template of SAM", async () => {
    const { stdout } = await run(join(tools, "sam"), ["validate", "--lint"], {
      cwd: workspace,
      env: environment,
    });
    assert.match(stdout, /is a valid SAM Template/);
  });

  test("is clean once it is plain CloudFormation", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "maru-template-"));
    t.after(() => rm(folder, { recursive: true }));
    const script = join(workspace, "localstack/transform.py");
    const { stdout: plain } = await run(join(tools, "python"), [script], {
      env: environment,
      maxBuffer: 16 * 1024 * 1024,
    });
    const file = join(folder, "template.json");
    await writeFile(file, plain);
    // It ends badly where there is as much as a warning.
    const { stdout } = await run(join(tools, "cfn-lint"), ["-r", "eu-central-1", "--", file], {
      env: environment,
    });
    assert.equal(stdout.trim(), "");
  });

  test("makes the table that the sessions make for themselves elsewhere", async () => {
    const template = await readFile(join(workspace, "template.yaml"), "utf8");
    const source = await readFile(join(workspace, "crates/sessions/src/dynamo/table.rs"), "utf8");
    const constant = (name) => new RegExp(`const ${name}: &str = "(\\w+)"`).exec(source)[1];
    const table = template.slice(template.indexOf("  SessionsTable:\n"));
    for (const part of [
      `{ AttributeName: ${constant("PARTITION")}, KeyType: HASH }`,
      `{ AttributeName: ${constant("SORT")}, KeyType: RANGE }`,
      `AttributeName: ${constant("TIME_TO_LIVE")}\n        Enabled: true`,
    ]) {
      assert.ok(table.includes(part), part);
    }
  });
});
