// The workflows, by GitHub's schema and by rules of ours.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { promisify } from "node:util";

import { parse } from "yaml";

import { tools, workspace } from "./harness/environment.mjs";
import { scratchFolder } from "./harness/scratch.mjs";

const run = promisify(execFile);
const FOLDER = join(workspace, ".github/workflows");
/** An action is named by its commit, which nobody can move, and its version for people. */
const PINNED = /^\s*-? *uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;
const OWN = /^\s*uses: \.\/\.github\/workflows\/[\w-]+\.yml$/;

async function isGood(schema, files) {
  const check = `exec "$0" --builtin-schema ${schema} ${files}`;
  const program = join(tools, "check-jsonschema");
  await run("bash", ["-c", check, program], { cwd: workspace }).catch(({ stdout, stderr }) => {
    throw new Error(`${files}: ${stdout}${stderr}`);
  });
}

async function workflows() {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith(".yml"));
  assert.ok(names.length > 0, "there are workflows");
  const read = async (name) => ({ name, text: await readFile(join(FOLDER, name), "utf8") });
  return Promise.all(names.map(read));
}

suite("the workflows", { timeout: 120_000 }, () => {
  test("are what GitHub takes", async () => {
    await isGood("vendor.github-workflows", ".github/workflows/*.yml");
    await isGood("vendor.dependabot", ".github/dependabot.yml");
  });

  test("would not be, with a step misspelt", async (t) => {
    const file = join(await scratchFolder(t), "wrong.yml");
    await writeFile(file, "on: push\njobs: { a: { runs-on: x, stepz: [{ run: ls }] } }\n");
    await assert.rejects(isGood("vendor.github-workflows", file), /stepz/);
  });

  test("take every action by its commit", async () => {
    for (const { name, text } of await workflows()) {
      for (const line of text.split("\n").filter((line) => /\buses:/.test(line))) {
        assert.ok(PINNED.test(line) || OWN.test(line), `${name}: ${line.trim()}`);
      }
    }
  });

  test("have few rights, an end, and no text of strangers in a script", async () => {
    for (const { name, text } of await workflows()) {
      const { permissions, jobs } = parse(text);
      assert.deepEqual(permissions, { contents: "read" }, name);
      for (const [job, { uses, "timeout-minutes": limit, steps = [] }] of Object.entries(jobs)) {
        assert.ok(uses || limit > 0, `${name}: ${job} has an end`);
        for (const { run: script = "" } of steps) {
          assert.doesNotMatch(script, /\$\{\{/, `${name}: ${job}`);
        }
      }
    }
  });

  test("call scripts that are there", async () => {
    for (const { name, text } of await workflows()) {
      for (const [script] of text.matchAll(/(?<![\w'/])(deploy\/[\w-]+\.sh|\.ci\/run)/g)) {
        await run("bash", ["-n", join(workspace, script)]).catch((error) => {
          assert.fail(`${name}: ${script}: ${error.stderr}`);
        });
      }
    }
  });
});
