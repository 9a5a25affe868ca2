// What `cargo xtask test` tells the tests of the serverless shape.

import { fileURLToPath } from "node:url";

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run \`cargo xtask test --only serverless\``);
  return value;
}

export const workspace = fileURLToPath(new URL("../../../..", import.meta.url));
/** The folder with the programs of SAM, cfn-lint and cargo-lambda, and their Python. */
export const tools = required("SERVERLESS_TOOLS");
/** The emulator of AWS. */
export const emulatorProgram = required("SERVERLESS_EMULATOR");
/** A PATH on which cargo finds cargo-lambda. */
export const searchPath = required("SERVERLESS_PATH");
/** The functions as `sam build` made them, for this machine's processor. */
export const bootstraps = {
  auth: required("AUTH_BOOTSTRAP"),
  history: required("HISTORY_BOOTSTRAP"),
};
/** What the template calls that processor. */
export const architecture = required("ARCHITECTURE");
/** The history function built for arm64 and how it is run here; or what is `missing` for that. */
export const arm64 = process.env.ARM64_MISSING
  ? { missing: process.env.ARM64_MISSING }
  : {
      bootstrap: required("ARM64_BOOTSTRAP"),
      emulator: required("ARM64_EMULATOR"),
      libraries: required("ARM64_LIBRARIES"),
    };
/** What measures programs from outside. */
export const benchProgram = required("BENCH_BIN");
/** The project's own tasks, `cargo xtask`. */
export const taskProgram = required("XTASK_BIN");
/** How everybody reaches the emulator of AWS, which asks for no real credentials. */
export function awsEnvironment(endpoint) {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_EC2_METADATA_DISABLED: "true",
  };
}
