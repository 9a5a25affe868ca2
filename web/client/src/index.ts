// A client of Maru chat: history and live joined without a gap, sends that are stored once.

export { Account, type AccountOptions } from "./account.js";
export { type ClientEvents, type ClientOptions, type Identity, MaruClient, type Status, isSayable } from "./client.js";
export { type StopReason, type Verdict, judge } from "./close-codes.js";
export type { SocketFactory } from "./connection.js";
export { Directory, type RoomWish } from "./directory.js";
export { DisconnectedError, ProblemError, UnreachableError } from "./errors.js";
export { type Entry, IndexedDbOutboxStore, MemoryOutboxStore, type OutboxStore } from "./outbox-store.js";
export type { People, Room, RoomEvents, RoomState, Sending } from "./room.js";
export type { Item, ItemState } from "./timeline.js";
export { type Token, type TokenProvider, freshToken } from "./token.js";
export {
  CONTENT_CHARS_MAX,
  type Grant,
  type Invitation,
  type Member,
  type Message,
  type OwnRoomNews,
  type Page,
  type Present,
  type ProblemDetails,
  type ReadPosition,
  type Receipt,
  type RoomInfo,
  type RoomRole,
  type TypingEvent,
  type User,
  type Visibility,
} from "./wire.js";
