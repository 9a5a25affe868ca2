// A Prometheus on real instances, by the deployment's own configuration and rules, in a hurry.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { until } from "../../harness/deadline.mjs";
import { Program } from "../../harness/program.mjs";
import { freePort } from "../../harness/server.mjs";
import { prometheusProgram, workspace } from "./environment.mjs";
import { scratchFolder } from "./scratch.mjs";

export const OBSERVABILITY = join(workspace, "deploy/observability");
/** How long a fault may take until it is told: some scrapes and evaluations, on a busy machine. */
export const TOLD_MS = 60_000;

export class Prometheus {
  #address;

  /** Starts one for a test, and waits until it has looked at every instance. */
  static async watches(t, instances) {
    const folder = await scratchFolder(t);
    const rules = await readFile(join(OBSERVABILITY, "alerts.yml"), "utf8");
    // It tells at once; how long an alert waits first is tried by promtool, with a clock of its own.
    await writeFile(join(folder, "alerts.yml"), rules.replaceAll(/^ +for: .*$/gm, ""));
    const hosts = instances.map(({ address }) => new URL(address).host);
    const config = await readFile(join(OBSERVABILITY, "prometheus.yml"), "utf8");
    const here = config
      .replaceAll(/(_interval): .*/g, "$1: 1s")
      .replace(/targets: .*/, `targets: ${JSON.stringify(hosts)}`);
    await writeFile(join(folder, "prometheus.yml"), here);
    const port = await freePort();
    const args = [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    const program = new Program(prometheusProgram, {}, { args });
    t.after(() => program.isRunning() && program.dies());
    const prometheus = new Prometheus();
    prometheus.#address = `http://127.0.0.1:${port}`;
    await until(
      async () => (await prometheus.asks("sum(up)").catch(() => []))[0]?.value[1] === `${hosts.length}`,
      () => `every instance is scraped\n${program.logTail()}`,
      TOLD_MS,
    );
    return prometheus;
  }

  /** What a query returns now. */
  async asks(query) {
    const response = await fetch(`${this.#address}/api/v1/query?${new URLSearchParams({ query })}`);
    const { status, error, data } = await response.json();
    assert.equal(status, "success", `${query}: ${error}`);
    return data.result;
  }

  /** Waits until an alert fires about an instance. */
  async tells(alert, instance) {
    await until(
      async () => (await this.firing(instance)).includes(alert),
      `${alert} fires for ${instance.address}`,
      TOLD_MS,
    );
  }

  /** The names of what fires about an instance. */
  async firing({ address }) {
    const { host } = new URL(address);
    const alerts = await this.asks(`ALERTS{alertstate="firing", instance="${host}"}`);
    return [...new Set(alerts.map(({ metric }) => metric.alertname))].toSorted();
  }
}
