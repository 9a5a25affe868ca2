// What `cargo xtask test` tells the tests of what operators use.

import { fileURLToPath } from "node:url";

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run \`cargo xtask test --only operations\``);
  return value;
}

export const workspace = fileURLToPath(new URL("../../../..", import.meta.url));
export const caddyProgram = required("CADDY");
export const prometheusProgram = required("PROMETHEUS");
export const promtoolProgram = required("PROMTOOL");
/** The folder with the programs of Compose's package and of check-jsonschema, and their Python. */
export const tools = required("OPERATIONS_TOOLS");
