// What `cargo xtask chaos` tells the faults beyond what it tells every test.

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run \`cargo xtask chaos\``);
  return value;
}

/** The folder of the programs of Postgres. */
export const postgresPrograms = required("POSTGRES_PROGRAMS");
/** What runs a program with another time; told where every fault is injected. */
export const faketimeProgram = process.env.FAKETIME_PROGRAM;
/** An instance of an earlier version; told where there is one. */
export const earlierProgram = process.env.EARLIER_SOCKET_TIER_BIN;
