// The whole system as it is deployed: tables made as a step, instances of the socket tier, accounts
// and rooms over HTTP, and the backends that they share.

import { generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { holdsAnswer } from "./documents.mjs";
import { dynamoDbProgram, databaseUrl, maruProgram, redisUrl } from "./environment.mjs";
import { Program } from "./program.mjs";
import { keepsCookiesOf, keepsSecretsOf } from "./secrets.mjs";
import { SocketTier } from "./socket-tier.mjs";

const TABLE = "maru-sessions";

export class House {
  static ISSUER = "https://auth.maru.test";
  /** The address of the functions' routes. */
  address;
  /** The instances, and the first two of them. */
  instances = [];
  one;
  two;
  /** What tokens are verified with, and who issues them. */
  publicKey;
  issuer = House.ISSUER;
  #programs = [];
  #toldToInstances;

  /**
   * Starts all of it for a test, with so many `instances`. Tokens last `tokenSeconds`; `redis` is where
   * the instances meet; `environment` is what else every program is told.
   */
  static async opens(t, { instances = 2, tokenSeconds = 900, redis = redisUrl, environment = {} } = {}) {
    const house = new House();
    const folder = await mkdtemp(join(tmpdir(), "maru-house-"));
    t.after(async () => {
      await Promise.all(house.#programs.map((program) => program.isRunning() && program.dies()));
      await rm(folder, { recursive: true });
    });
    const dynamo = house.#keeps(new Program(dynamoDbProgram, {}));
    const keys = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const shared = {
      AUTH_MODE: "required",
      DATABASE_URL: databaseUrl,
      REDIS_URL: redis,
      SESSIONS_TABLE: TABLE,
      AWS_ENDPOINT_URL_DYNAMODB: await dynamo.listens(),
      AWS_REGION: "local",
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
      AWS_EC2_METADATA_DISABLED: "true",
      JWT_ISSUER: House.ISSUER,
      ...environment,
    };
    const migration = house.#keeps(new Program(maruProgram, shared, { args: ["migrate"] }));
    const { code, stderr } = await migration.ends();
    if (code !== 0) throw new Error(`the tables are not made: ${stderr}`);
    const toldToFunctions = {
      ...shared,
      LISTEN: "127.0.0.1:0",
      DATA_DIR: folder,
      JWT_PRIVATE_KEY: keys.privateKey,
      JWT_LIFETIME_SECONDS: String(tokenSeconds),
    };
    const functions = new Program(maruProgram, toldToFunctions, { args: ["functions"] });
    house.address = await house.#keeps(functions).listens();
    house.publicKey = keys.publicKey;
    house.#toldToInstances = { JWT_PUBLIC_KEYS: keys.publicKey, ...shared };
    await Promise.all(Array.from({ length: instances }, () => house.grows()));
    [house.one, house.two] = house.instances;
    return house;
  }

  /** Starts one more instance. */
  async grows() {
    const instance = this.#keeps(await SocketTier.starts(this.#toldToInstances));
    this.instances.push(instance);
    return instance;
  }

  #keeps(program) {
    this.#programs.push(program);
    return program;
  }

  /** Everything that the programs have logged. */
  log() {
    return this.#programs.map((program) => program.log()).join("\n");
  }

  /** Signs somebody up who was never here. */
  async signsUp(nickname, password = `correct horse ${randomUUID()}`) {
    const email = `${randomUUID()}@example.org`;
    const credentials = { email, password, nickname };
    const answer = await this.asks("POST", "/auth/signup", { body: credentials });
    if (answer.status !== 201) throw new Error(`${nickname} is not signed up: ${answer.text}`);
    return this.logsIn({ nickname, email, password });
  }

  /** Lets a guest in: `{ id, nickname, token }`. */
  async admits(nickname) {
    const { status, text, json } = await this.asks("POST", "/auth/guest", { body: { nickname } });
    if (status !== 200) throw new Error(`${nickname} is not let in: ${text}`);
    return { id: json.user.id, nickname, token: json.accessToken };
  }

  /** Logs somebody in, once more where he is in already. */
  async logsIn({ nickname, email, password }) {
    const answer = await this.asks("POST", "/auth/login", { body: { email, password } });
    if (answer.status !== 200) throw new Error(`${nickname} is not logged in: ${answer.text}`);
    return new Account(this, { nickname, email, password }, answer);
  }

  /** Asks the functions: `{ status, text, json, headers }`; the answer has to be as it is written down. */
  async asks(method, path, { token, cookie, body, headers = {} } = {}) {
    keepsSecretsOf(body);
    const response = await fetch(`${this.address}${path}`, {
      method,
      headers: {
        ...(token && { Authorization: `Bearer ${token}` }),
        ...(cookie && { Cookie: cookie }),
        ...(body && { "Content-Type": "application/json" }),
        ...headers,
      },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    const type = response.headers.get("content-type");
    holdsAnswer(method, path, { status: response.status, type, text });
    const json = text.startsWith("{") ? JSON.parse(text) : undefined;
    keepsSecretsOf(json);
    keepsCookiesOf(response.headers);
    return { status: response.status, text, json, headers: response.headers };
  }
}

/** One session of somebody. */
export class Account {
  nickname;
  email;
  password;
  id;
  token;
  cookie;
  #house;

  constructor(house, { nickname, email, password }, answer) {
    this.#house = house;
    Object.assign(this, { nickname, email, password, id: answer.json.user.id });
    this.#takes(answer);
  }

  #takes({ json, headers }) {
    this.token = json.accessToken;
    [this.cookie] = headers.getSetCookie()[0].split(";");
  }

  /** Renews the session. */
  async refreshes() {
    const answer = await this.asks("POST", "/auth/refresh", { cookie: this.cookie });
    if (answer.status !== 200) throw new Error(`${this.nickname} is not renewed: ${answer.text}`);
    this.#takes(answer);
  }

  asks(method, path, options = {}) {
    return this.#house.asks(method, path, { token: this.token, ...options });
  }
}
