// deploy/update.sh, with a Docker that writes down what it is told and fails where a test wants it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { promisify } from "node:util";

import { workspace } from "./harness/environment.mjs";
import { scratchFolder } from "./harness/scratch.mjs";

const run = promisify(execFile);
const DOCKER = `#!/usr/bin/env bash
printf '%s: %s\\n' "$MARU_TAG" "$*" >>"$CALLS"
[[ "$MARU_TAG: $*" != $FAILS_ON ]]
`;

class ServerRoom {
  #folder;

  static async opens(t) {
    const room = new ServerRoom();
    room.#folder = await scratchFolder(t);
    await copyFile(join(workspace, "deploy/update.sh"), join(room.#folder, "update.sh"));
    await writeFile(join(room.#folder, "docker"), DOCKER);
    await chmod(join(room.#folder, "docker"), 0o755);
    return room;
  }

  /** Updates to a version: its end, what it said, and what Docker was told, in short. */
  async updatesTo(tag, failsOn = "") {
    const calls = join(this.#folder, "calls");
    await writeFile(calls, "");
    const env = { PATH: `${this.#folder}:${process.env.PATH}`, CALLS: calls, FAILS_ON: failsOn };
    const script = join(this.#folder, "update.sh");
    const end = await run("bash", [script, tag], { env }).then(
      ({ stdout }) => ({ code: 0, said: stdout }),
      ({ code, stderr }) => ({ code, said: stderr }),
    );
    const lines = (await readFile(calls, "utf8")).split("\n").filter(Boolean);
    return { ...end, steps: lines.map(shortened) };
  }

  /** The version that it holds to be deployed. */
  async deployed() {
    return (await readFile(join(this.#folder, ".deployed"), "utf8")).trim();
  }
}

/** "new: compose --file … up … socket-tier-a" as "new up socket-tier-a". */
function shortened(line) {
  const [, tag, rest] = /^(\S+): compose (.*)$/.exec(line);
  const words = rest.split(" ").filter((word) => !/^-|\.yaml$|^\d+$/.test(word));
  return [tag, ...words].join(" ");
}

function replacing(tag) {
  const services = ["socket-tier-a", "socket-tier-b", "functions-a", "functions-b"];
  return services.map((service) => `${tag} up ${service}`);
}

suite("deploy/update.sh", { timeout: 60_000 }, () => {
  test("makes the tables, then replaces one after the other, then looks", async (t) => {
    const room = await ServerRoom.opens(t);
    const { code, steps } = await room.updatesTo("new");
    assert.equal(code, 0);
    assert.deepEqual(steps, [
      "new pull socket-tier-a functions-a",
      "new up postgres redis dynamodb",
      "new run migrate",
      ...replacing("new"),
      "new up proxy",
      "new run verify",
    ]);
    assert.equal(await room.deployed(), "new");
  });

  test("goes back where an instance does not get ready, and touches no other one", async (t) => {
    const room = await ServerRoom.opens(t);
    await room.updatesTo("old");
    const { code, said, steps } = await room.updatesTo("new", "new: * up * socket-tier-b");
    assert.equal(code, 1);
    assert.match(said, /old serves again/);
    const after = steps.slice(steps.indexOf("new up socket-tier-b") + 1);
    assert.deepEqual(after, replacing("old"));
    assert.equal(await room.deployed(), "old");
  });

  test("goes back where messages are not kept", async (t) => {
    const room = await ServerRoom.opens(t);
    await room.updatesTo("old");
    const { code, steps } = await room.updatesTo("new", "* verify");
    assert.equal(code, 1);
    assert.deepEqual(steps.slice(-4), replacing("old"));
  });

  test("replaces nothing where the tables cannot be made", async (t) => {
    const room = await ServerRoom.opens(t);
    const { code, said, steps } = await room.updatesTo("new", "* migrate");
    assert.equal(code, 1);
    assert.match(said, /no version to go back to/);
    assert.equal(steps.at(-1), "new run migrate");
  });

  test("takes no tag that is none", async (t) => {
    const room = await ServerRoom.opens(t);
    const { code, said, steps } = await room.updatesTo("a b; rm -rf /");
    assert.equal(code, 1);
    assert.match(said, /is no tag/);
    assert.deepEqual(steps, []);
  });
});
