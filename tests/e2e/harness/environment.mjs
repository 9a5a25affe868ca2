// What `cargo xtask test` tells the tests: the only reader of the environment.

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run \`cargo xtask test --only end-to-end\``);
  return value;
}

export const databaseUrl = required("DATABASE_URL");
export const redisUrl = required("REDIS_URL");
/** The program that serves Redis, for tests that stop and start one of their own. */
export const redisProgram = required("REDIS_SERVER");
export const socketTierProgram = required("SOCKET_TIER_BIN");
/** The instance that can be told to fail; told where somebody does so. */
export const failpointsProgram = process.env.SOCKET_TIER_FAILPOINTS_BIN;
/** A DynamoDB in memory, for sessions that instances share. */
export const dynamoDbProgram = required("DYNAMODB_BIN");
export const maruProgram = required("MARU_BIN");
/** What chance begins with, where a run is to be had again. */
export const seed = process.env.SEED && Number(process.env.SEED);
/** Whether the servers' logs go to the terminal. */
export const showLogs = Boolean(process.env.SHOW_LOGS);
/** Where the programs' logs are kept to be searched for secrets; nowhere, where a file runs by itself. */
export const logsFolder = process.env.LOGS;
/** The browser, and where pictures of the page are put; told where a browser is tested. */
export const chromiumProgram = process.env.CHROMIUM;
export const picturesFolder = process.env.PICTURES;
/** What every program of the system needs to run at all; `maru` serves the page that is built. */
export const bareEnvironment = {
  PATH: process.env.PATH,
  TMPDIR: process.env.TMPDIR ?? "/tmp",
  WEB_DIR: required("WEB_DIR"),
};
