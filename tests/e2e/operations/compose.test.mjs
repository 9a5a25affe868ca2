// The compose files, read by Compose itself.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { promisify } from "node:util";

import { parse } from "yaml";

import { tools, workspace } from "./harness/environment.mjs";
import { scratchFolder } from "./harness/scratch.mjs";

const run = promisify(execFile);
const FIND = "import compose, pathlib; print(pathlib.Path(compose.__file__).parent / 'docker-compose')";
const OURS = ["socket-tier-a", "socket-tier-b", "functions-a", "functions-b", "migrate", "verify"];
const GIVEN = {
  POSTGRES_PASSWORD: "p",
  FANOUT_SECRET: "f",
  REDIS_PASSWORD: "r",
  GRAFANA_PASSWORD: "g",
  ADMIN_TOKEN: "a",
  JWT_ISSUER: "https://chat.example.org",
  CORS_ALLOWED_ORIGINS: "https://chat.example.org",
  SITE_ADDRESS: "chat.example.org",
  SOCKET_TIER_IMAGE: "registry.example.org/maru-socket-tier",
  FUNCTIONS_IMAGE: "registry.example.org/maru-functions",
  MARU_TAG: "0123abc",
};

/** What Compose makes of the base and one more file, with every profile. */
async function composed(kind, { given = GIVEN, folder = join(workspace, "deploy") } = {}) {
  const { stdout: program } = await run(join(tools, "python"), ["-c", FIND]);
  const files = ["compose.base.yaml", `compose.${kind}.yaml`].flatMap((name) => ["-f", name]);
  const command = ["--env-file", "/dev/null", ...files, "--profile", "*", "config"];
  const { stdout, stderr } = await run(program.trim(), command, { cwd: folder, env: given });
  assert.equal(stderr.trim(), "", "Compose warns of nothing");
  return parse(stdout);
}

suite("the compose files", { timeout: 120_000 }, () => {
  for (const kind of ["dev", "prod"]) {
    test(`${kind} is as the specification wants it`, async () => {
      const { services } = await composed(kind);
      for (const name of [...OURS, "proxy", "postgres", "redis", "prometheus", "grafana"]) {
        assert.ok(services[name], `there is ${name}`);
      }
    });

    test(`${kind} hardens every program of ours`, async () => {
      const { services } = await composed(kind);
      for (const name of OURS) {
        assert.equal(services[name].read_only, true, name);
        assert.deepEqual(services[name].cap_drop, ["ALL"], name);
        assert.deepEqual(services[name].security_opt, ["no-new-privileges:true"], name);
      }
    });

    test(`${kind} keeps what has to be kept in named volumes`, async () => {
      const { services, volumes } = await composed(kind);
      for (const name of ["postgres", "dynamodb", "proxy", "prometheus", "grafana"]) {
        const kept = (services[name].volumes ?? []).filter(({ type }) => type === "volume");
        assert.ok(kept.length > 0, `${name} keeps something`);
        for (const { source } of kept) assert.ok(source in volumes, `${name}: ${source}`);
      }
    });
  }

  test("prod lets in nobody but through the proxy", async () => {
    const { services, networks } = await composed("prod");
    for (const [name, { ports = [] }] of Object.entries(services)) {
      for (const { published, host_ip } of ports) {
        const isMeant = name === "proxy" || host_ip === "127.0.0.1";
        assert.ok(isMeant, `${name} publishes ${published}`);
      }
    }
    assert.equal(networks.back.internal, true);
    for (const name of ["postgres", "redis", "dynamodb"]) {
      assert.deepEqual(Object.keys(services[name].networks), ["back"], name);
    }
  });

  test("dev is within reach of this machine alone", async () => {
    const { services } = await composed("dev");
    const published = Object.values(services).flatMap(({ ports = [] }) => ports);
    assert.ok(published.length > 0);
    for (const { host_ip } of published) assert.equal(host_ip, "127.0.0.1");
  });

  test("the programs are told nothing that they do not know", async () => {
    const { services } = await composed("prod");
    const example = await readFile(join(workspace, ".env.example"), "utf8");
    const known = new Set(example.match(/^#?[A-Z_]+(?==)/gm).map((name) => name.replace("#", "")));
    for (const name of OURS) {
      for (const variable of Object.keys(services[name].environment ?? {})) {
        const isKnown = known.has(variable) || variable.startsWith("AWS_");
        assert.ok(isKnown, `${name}: ${variable} stands in .env.example`);
      }
    }
  });

  test("nothing starts before the tables are there", async () => {
    const { services } = await composed("prod");
    for (const name of OURS.slice(0, 4)) {
      const { condition } = services[name].depends_on.migrate;
      assert.equal(condition, "service_completed_successfully", name);
    }
  });

  test("without a password nothing is deployed", async () => {
    const secrets = ["POSTGRES_PASSWORD", "REDIS_PASSWORD", "GRAFANA_PASSWORD"];
    for (const name of [...secrets, "ADMIN_TOKEN", "FANOUT_SECRET"]) {
      const { [name]: _, ...given } = GIVEN;
      await assert.rejects(composed("prod", { given }), new RegExp(`variable ${name} is missing`));
    }
  });

  test("init.sh writes everything that a deployment has to be told, and leaves alone what is there", async (t) => {
    const folder = await scratchFolder(t);
    await cp(join(workspace, "deploy/init.sh"), join(folder, "init.sh"));
    const init = () => run("bash", [join(folder, "init.sh"), "https://chat.example.org"]);
    await init();
    const written = await readFile(join(folder, ".env"), "utf8");
    const said = Object.fromEntries(
      written.split("\n").flatMap((line) => (/^[A-Z_]+=/.test(line) ? [line.split("=", 2)] : [])),
    );
    const given = Object.fromEntries(Object.keys(GIVEN).map((name) => [name, said[name] ?? GIVEN[name]]));
    const { services } = await composed("prod", { given });
    const { JWT_ISSUER, REDIS_URL } = services["functions-a"].environment;
    assert.equal(JWT_ISSUER, "https://chat.example.org");
    assert.equal(REDIS_URL, `redis://:${said.REDIS_PASSWORD}@redis:6379`);
    const isSecret = (name) => /PASSWORD|SECRET|TOKEN/.test(name);
    for (const name of Object.keys(GIVEN).filter(isSecret)) {
      assert.match(said[name], /^[0-9a-f]{48,}$/, name);
    }
    for (const file of [".env", "secrets/jwt-private.pem"]) {
      const { mode } = await stat(join(folder, file));
      assert.equal(mode & 0o077, 0, `${file} is for its owner alone`);
    }
    await init();
    assert.equal(await readFile(join(folder, ".env"), "utf8"), written);
  });

  test("each file is as the specification's schema wants it", async () => {
    const files = ["base", "dev", "prod"].map((kind) => `deploy/compose.${kind}.yaml`);
    const schema = ["--builtin-schema", "vendor.compose-spec"];
    await run(join(tools, "check-jsonschema"), [...schema, ...files], { cwd: workspace });
  });

  test("what the specification does not know is refused", async (t) => {
    const folder = join(await scratchFolder(t), "deploy");
    await mkdir(folder);
    await cp(join(workspace, "deploy"), folder, { recursive: true });
    await writeFile(join(folder, "compose.odd.yaml"), "services: { proxy: { portz: [] } }\n");
    await assert.rejects(composed("odd", { folder }), /portz/);
  });
});
