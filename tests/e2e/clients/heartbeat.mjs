// What clients offer that are told nothing else.

export const HEARTBEAT_MS = 10_000;
