// cargo-lambda's emulator of the Lambda service, and bootstraps that it serves.

import assert from "node:assert/strict";

import { until, within } from "../../harness/deadline.mjs";
import { Program } from "../../harness/program.mjs";
import { searchPath, workspace } from "./environment.mjs";
import { freePort, isListening } from "./port.mjs";

const ANSWER_MS = 30_000;
/** cargo finds cargo-lambda there, and its own settings at home. */
const CARGO = { PATH: searchPath, HOME: process.env.HOME };

export class Lambda {
  #address;
  #port;
  #t;

  static async startsFor(t) {
    const lambda = new Lambda();
    const port = await freePort();
    lambda.#t = t;
    lambda.#port = String(port);
    lambda.#address = `127.0.0.1:${port}`;
    const watch = ["lambda", "watch", "--only-lambda-apis"];
    const args = [...watch, ...lambda.#place];
    const program = new Program("cargo", CARGO, { cwd: workspace, args });
    t.after(() => program.isRunning() && program.dies());
    await until(() => isListening(port), "the emulator of Lambda listens");
    return lambda;
  }

  /** Runs a bootstrap as an environment of a function. */
  runs(name, bootstrap, environment, { args = [] } = {}) {
    const program = new Program(
      bootstrap,
      {
        AWS_LAMBDA_FUNCTION_NAME: name,
        AWS_LAMBDA_FUNCTION_VERSION: "1",
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512",
        AWS_LAMBDA_RUNTIME_API: `http://${this.#address}/.rt/${name}`,
        ...environment,
      },
      { args },
    );
    this.#t.after(() => program.isRunning() && program.dies());
    return program;
  }

  /** Hands an event, as it stands, to a function: `{ status, text }`. */
  async invokes(name, event) {
    const invoked = fetch(`http://${this.#address}/2015-03-31/functions/${name}/invocations`, {
      method: "POST",
      body: event,
      headers: { "content-type": "application/json" },
    });
    const response = await within(invoked, `${name} answers`, ANSWER_MS);
    return { status: response.status, text: await response.text() };
  }

  /** What `cargo lambda invoke` prints of the answer to the event in a file. */
  async isInvokedByHand(name, file) {
    const invoke = ["lambda", "invoke", name, "--data-file", file];
    const args = [...invoke, ...this.#place];
    const { code, stdout, stderr } = await new Program("cargo", CARGO, { args }).ends();
    assert.equal(code, 0, stderr);
    return stdout;
  }

  get #place() {
    return ["--invoke-address", "127.0.0.1", "--invoke-port", this.#port];
  }
}
