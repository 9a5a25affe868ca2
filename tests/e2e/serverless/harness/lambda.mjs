// cargo-lambda's emulator of the Lambda service, and bootstraps that it serves.

import { until, within } from "../../harness/deadline.mjs";
import { Program } from "../../harness/program.mjs";
import { searchPath, workspace } from "./environment.mjs";
import { freePort, isListening } from "./port.mjs";

const ANSWER_MS = 30_000;

export class Lambda {
  #address;
  #t;

  static async startsFor(t) {
    const lambda = new Lambda();
    const port = await freePort();
    lambda.#t = t;
    lambda.#address = `127.0.0.1:${port}`;
    const watch = ["lambda", "watch", "--only-lambda-apis"];
    const address = ["--invoke-address", "127.0.0.1", "--invoke-port", String(port)];
    const program = new Program(
      "cargo",
      { PATH: searchPath, HOME: process.env.HOME },
      { cwd: workspace, args: [...watch, ...address] },
    );
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
}
