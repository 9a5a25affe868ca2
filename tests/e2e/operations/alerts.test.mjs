// The alert rules by themselves: each by its fault, and silence without.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { promisify } from "node:util";

import { parse } from "yaml";

import { promtoolProgram, workspace } from "./harness/environment.mjs";
import { scratchFolder } from "./harness/scratch.mjs";

const run = promisify(execFile);
const FOLDER = join(workspace, "deploy/observability");

suite("the alert rules", { timeout: 120_000 }, () => {
  test("are rules, and so is what loads them", async () => {
    await run(promtoolProgram, ["check", "config", "prometheus.yml"], { cwd: FOLDER });
    await run(promtoolProgram, ["check", "rules", "--lint-fatal", "alerts.yml"], { cwd: FOLDER });
  });

  test("tell each fault by its name, and nothing while all is well", async () => {
    await run(promtoolProgram, ["test", "rules", "alerts.test.yml"], { cwd: FOLDER });
  });

  test("are all tried", async () => {
    const tried = await readFile(join(FOLDER, "alerts.test.yml"), "utf8");
    const { groups } = parse(await readFile(join(FOLDER, "alerts.yml"), "utf8"));
    for (const { alert, labels } of groups.flatMap(({ rules }) => rules)) {
      assert.ok(tried.includes(`alertname="${alert}"`), alert);
      assert.match(labels.severity, /^(page|ticket)$/, alert);
    }
  });

  test("would be found out, were one of them mute", async (t) => {
    const folder = join(await scratchFolder(t), "observability");
    await cp(FOLDER, folder, { recursive: true });
    const rules = await readFile(join(folder, "alerts.yml"), "utf8");
    const mute = rules.replace("chat_postgres_up == 0", "chat_postgres_up == 7");
    await writeFile(join(folder, "alerts.yml"), mute);
    const tested = run(promtoolProgram, ["test", "rules", "alerts.test.yml"], { cwd: folder });
    await assert.rejects(tested, /MaruPostgresUnreachable/);
  });
});
