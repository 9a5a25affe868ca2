// The package as others would get it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const MODULES = fileURLToPath(new URL("../../node_modules", import.meta.url));

test("the package holds what it needs and nothing else, and can be imported", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "maru-package-"));
  t.after(() => rm(folder, { recursive: true }));
  const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", folder], { cwd: PACKAGE, encoding: "utf8" });
  const [{ filename, files, size }] = JSON.parse(packed.slice(packed.indexOf("[")));
  const names = files.map(({ path }) => path);
  for (const name of ["README.md", "LICENSE-MIT", "LICENSE-APACHE", "dist/index.js", "dist/index.d.ts"]) {
    assert.ok(names.includes(name), `${name} is in it`);
  }
  assert.deepEqual(names.filter((name) => !/^(dist|src)\/|^(README\.md|LICENSE-\w+|package\.json)$/.test(name)), []);
  t.diagnostic(`${size} bytes packed`);

  const own = join(folder, "node_modules", "@maru", "client");
  await mkdir(own, { recursive: true });
  execFileSync("tar", ["xzf", join(folder, filename), "--strip-components=1", "-C", own]);
  await mkdir(join(folder, "node_modules", "@stomp"), { recursive: true });
  await symlink(join(MODULES, "@stomp", "stompjs"), join(folder, "node_modules", "@stomp", "stompjs"));
  const script = "const all = await import('@maru/client'); console.log(Object.keys(all).join());";
  const told = execFileSync(process.execPath, ["--input-type=module", "--eval", script], { cwd: folder, encoding: "utf8" });
  for (const name of ["Account", "Directory", "MaruClient", "ProblemError"]) assert.match(told, new RegExp(`\\b${name}\\b`));

  const { exports } = JSON.parse(await readFile(join(own, "package.json"), "utf8"));
  for (const file of Object.values(exports["."])) assert.ok(names.includes(file.slice(2)), `${file} is in it`);
  assert.ok(names.some((name) => dirname(name) === "src"), "maps lead to the sources");
});
