// The proxy of the deployment, by its own configuration.

import { join } from "node:path";

import { until } from "../../harness/deadline.mjs";
import { Program } from "../../harness/program.mjs";
import { freePort } from "../../harness/server.mjs";
import { caddyProgram, workspace } from "./environment.mjs";
import { scratchFolder } from "./scratch.mjs";

export class Proxy {
  /** Where people reach the deployment. */
  address;

  /** Starts it for a test in front of these servers, and waits until it lets everybody through. */
  static async startsFor(t, { tiers, functions }) {
    const proxy = new Proxy();
    const folder = await scratchFolder(t);
    const [inner, site] = [await freePort(), await freePort()];
    const environment = {
      HOME: folder,
      XDG_DATA_HOME: folder,
      XDG_CONFIG_HOME: folder,
      INNER_PORT: String(inner),
      SITE_ADDRESS: `http://localhost:${site}`,
      SOCKET_TIERS: tiers.map(hostAndPort).join(" "),
      FUNCTIONS: functions.map(hostAndPort).join(" "),
    };
    const file = join(workspace, "deploy/Caddyfile");
    const args = ["run", "--config", file, "--adapter", "caddyfile"];
    const program = new Program(caddyProgram, environment, { args });
    t.after(() => program.isRunning() && program.dies());
    proxy.address = `http://127.0.0.1:${inner}`;
    await until(
      async () => (await proxy.status("/health")) === 200 && (await proxy.status("/ws")) === 400,
      () => `the proxy lets everybody through\n${program.logTail()}`,
    );
    return proxy;
  }

  /** The status of the answer to a GET; nothing where nobody answers. */
  async status(path) {
    try {
      const response = await fetch(`${this.address}${path}`);
      await response.arrayBuffer();
      return response.status;
    } catch {
      return undefined;
    }
  }
}

function hostAndPort({ address }) {
  return new URL(address).host;
}
