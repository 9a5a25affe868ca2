// What goes over the wire, as the server writes it.

/** A stored message, complete: from a page of history or from committed delivery. */
export interface Message {
  /** Its id for ever. */
  readonly id: string;
  /** The sender's own id of it. */
  readonly tempId: string;
  readonly sender: string;
  /** The sender's account or guest id; absent where nobody knows. */
  readonly senderId?: string;
  /** Empty where the message was deleted. */
  readonly content: string;
  readonly roomId: string;
  readonly createdAt: string;
  readonly editedAt: string | null;
  readonly deleted: boolean;
  /** Its place in the room. */
  readonly seq: number;
  /** The room's number of its last change. */
  readonly rev: number;
}

/** A page of history, oldest first. */
export interface Page {
  readonly messages: readonly Message[];
  readonly page: {
    readonly limit: number;
    /** Pass it as `before` to read what is older; null where nothing is. */
    readonly before: number | null;
    readonly after: number | null;
    /** The room's last number when the page was read. */
    readonly lastSeq: number;
    /** The history of the database that the numbers belong to. */
    readonly epoch: string;
  };
}

/** Ends what a resumed listener missed. */
export interface Resumed {
  readonly roomId: string;
  readonly resumedTo: number;
  readonly epoch: string;
}

/** Says that the position is not of this room's history: read it anew. */
export interface Snapshot {
  readonly roomId: string;
  readonly snapshot: true;
  readonly lastSeq: number;
  readonly epoch: string;
}

/** What a subscription with `delivery:committed` hears. */
export type RoomEvent = Message | Resumed | Snapshot;

/** What the server says of a stored message in its RECEIPT. */
export interface Receipt {
  readonly id: string;
  readonly tempId: string;
  readonly seq: number;
  readonly createdAt: string;
  /** Whether it had been stored before. */
  readonly duplicate: boolean;
}

/** Somebody, as the server knows him. */
export interface User {
  readonly id: string;
  /** A guest has none. */
  readonly email?: string;
  readonly nickname: string;
  readonly role: string;
}

/** The answer to a log-in. */
export interface Grant {
  readonly accessToken: string;
  readonly tokenType: "Bearer";
  /** In seconds. */
  readonly expiresIn: number;
  readonly user: User;
}

export type RoomRole = "owner" | "moderator" | "member";
export type Visibility = "open" | "private";

/** A room that was made, as one of its members sees it. */
export interface RoomInfo {
  readonly roomId: string;
  /** What it is called, for people. */
  readonly name: string;
  readonly visibility: Visibility;
  /** One's own role. */
  readonly role: RoomRole;
  readonly createdAt: string;
  readonly lastSeq: number;
  /** Up to where one has read. */
  readonly readSeq: number;
  /** How many messages of others one has not, counted up to 100. */
  readonly unread: number;
}

/** One is asked into a room. */
export interface Invitation {
  readonly roomId: string;
  /** What the room is called, for people. */
  readonly name: string;
  readonly userId: string;
  /** Who asks. */
  readonly by: string;
  readonly invitedAt: string;
  /** Until when it can be answered. */
  readonly expiresAt: string;
}

/** Up to where one has read a room, on `/user/queue/read` and as the answer to having read. */
export interface ReadPosition {
  readonly roomId: string;
  readonly userId: string;
  readonly seq: number;
}

/** Somebody in a room. */
export interface Present {
  readonly userId: string;
  readonly nickname: string;
}

/** Who is in a room, on `/topic/{roomId}/presence`. */
export type PresenceEvent = { readonly roomId: string; readonly count: number } & (
  | { readonly type: "state"; readonly members: readonly Present[]; readonly listed: boolean }
  | ({ readonly type: "join" | "leave" } & Present)
  | { readonly type: "count" }
);

/** Somebody writes, or has stopped, on `/topic/{roomId}/typing`. */
export interface TypingEvent extends Present {
  readonly typing: boolean;
  readonly expiresInMs: number;
}

/** Somebody who belongs to a room. */
export interface Member {
  readonly userId: string;
  readonly role: RoomRole;
  readonly since: string;
}

/** What becomes of one in rooms, on `/user/queue/rooms`. */
export type OwnRoomNews = { readonly roomId: string } & (
  | { readonly type: "invited"; readonly name: string; readonly by: string; readonly expiresAt: string }
  | { readonly type: "joined"; readonly role: RoomRole }
  | { readonly type: "uninvited" | "left" }
);

/** Problem details (RFC 9457), as HTTP errors and `/user/queue/errors` carry them. */
export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  /** Whether the same request, sent again later, may succeed. */
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  /** When a mute or a ban ends by itself; absent where it does not. */
  readonly until?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
  readonly traceId?: string;
}

export const CHAT = "/app/chat";
export const EDIT = "/app/edit";
export const DELETE = "/app/delete";
export const TYPING = "/app/typing";
export const AUTH = "/app/auth";
export const ERRORS = "/user/queue/errors";
export const OWN_ROOMS = "/user/queue/rooms";
export const OWN_READS = "/user/queue/read";
export const topic = (roomId: string): string => `/topic/${roomId}`;

/** The longest content, in characters (Unicode scalar values). */
export const CONTENT_CHARS_MAX = 4000;
