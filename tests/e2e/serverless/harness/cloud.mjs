// template.yaml, deployed into an emulator of AWS.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { until } from "../../harness/deadline.mjs";
import { databaseUrl, redisUrl } from "../../harness/environment.mjs";
import { Program } from "../../harness/program.mjs";
import {
  architecture,
  awsEnvironment,
  bootstraps,
  emulatorProgram,
  tools,
  workspace,
} from "./environment.mjs";
import { freePort } from "./port.mjs";

const START_MS = 60_000;
const DEPLOY_MS = 180_000;

export class Cloud {
  /** Where the emulator is. */
  endpoint;
  /** What deploying it told: `apiUrl`, `table`, `issuer`, `publicKeys`, … */
  stack;

  static async startsFor(t, { database = databaseUrl, origins = [] } = {}) {
    const cloud = new Cloud();
    const port = await freePort();
    cloud.endpoint = `http://127.0.0.1:${port}`;
    const folder = await mkdtemp(join(tmpdir(), "maru-cloud-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const emulator = new Program(
      emulatorProgram,
      {
        ...awsEnvironment(cloud.endpoint),
        BIND_HOST: "127.0.0.1",
        GATEWAY_PORT: String(port),
        MINISTACK_REGION: "eu-central-1",
        LAMBDA_EXECUTOR: "local",
        IOT_MTLS_ENABLED: "0",
        HOME: folder,
        TMPDIR: folder,
      },
      { cwd: folder },
    );
    t.after(() => emulator.isRunning() && emulator.dies());
    const isUp = () => fetch(`${cloud.endpoint}/_ministack/health`).then(({ ok }) => ok, () => false);
    await until(isUp, () => `the emulator of AWS answers\n${emulator.logTail()}`, START_MS);
    cloud.stack = await deploy(cloud.endpoint, database, origins);
    return cloud;
  }

  /** What makes a table the one it is. */
  async tableOf(name) {
    const { Table: table } = await this.#dynamo("DescribeTable", { TableName: name });
    const { TimeToLiveDescription: life } = await this.#dynamo("DescribeTimeToLive", {
      TableName: name,
    });
    return {
      keys: table.KeySchema,
      attributes: table.AttributeDefinitions,
      billing: table.BillingModeSummary.BillingMode,
      timeToLive: life,
    };
  }

  async #dynamo(action, body) {
    const response = await fetch(this.endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": `DynamoDB_20120810.${action}`,
        authorization:
          "AWS4-HMAC-SHA256 Credential=test/20261123/eu-central-1/dynamodb/aws4_request, " +
          "SignedHeaders=host, Signature=0",
      },
      body: JSON.stringify(body),
    });
    return response.json();
  }

  get environment() {
    return awsEnvironment(this.endpoint);
  }
}

async function deploy(endpoint, database, origins) {
  const script = join(workspace, "localstack/deploy.py");
  const arguments_ = ["--endpoint", endpoint, "--auth", bootstraps.auth];
  arguments_.push("--history", bootstraps.history, "--database-url", database);
  arguments_.push("--redis-url", redisUrl, "--origins", origins.join(","));
  arguments_.push("--architecture", architecture);
  const deployed = promisify(execFile)(join(tools, "python"), [script, ...arguments_], {
    timeout: DEPLOY_MS,
    env: { PATH: process.env.PATH },
  });
  return JSON.parse((await deployed).stdout);
}
