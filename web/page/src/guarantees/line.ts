// The way between one user and the server: it can be broken, and every frame on it is seen.

import type { SocketFactory } from "@maru/client";

import { type Frame, framesIn } from "./frames.ts";

/** What happened on the line: a frame, or the beginning or the end of a connection. */
export type Seen =
  | { readonly what: "frame"; readonly from: "us" | "server"; readonly frame: Frame }
  | { readonly what: "opened" }
  | { readonly what: "closed"; readonly code: number; readonly reason: string };

/** The close code of one who breaks his own connection: a private one (RFC 6455, section 7.4.2). */
const CUT = 4900;

export class Line {
  readonly #see: (seen: Seen) => void;
  readonly #sockets = new Set<WebSocket>();
  #isOffline = false;

  constructor(see: (seen: Seen) => void) {
    this.#see = see;
  }

  get isOffline(): boolean {
    return this.#isOffline;
  }

  readonly socket: SocketFactory = (url, protocols) => {
    if (this.#isOffline) return unreachable();
    const socket = new WatchedSocket(url, protocols, (from, text) => {
      for (const frame of framesIn(text)) this.#see({ what: "frame", from, frame });
    });
    this.#sockets.add(socket);
    socket.addEventListener("open", () => this.#see({ what: "opened" }));
    socket.addEventListener("close", ({ code, reason }) => {
      this.#sockets.delete(socket);
      this.#see({ what: "closed", code, reason });
    });
    return socket;
  };

  readonly fetch: typeof globalThis.fetch = (...request) =>
    this.#isOffline ? Promise.reject(new TypeError("offline")) : globalThis.fetch(...request);

  /** Ends every connection in the middle: what is on its way to us is lost. */
  kill(): void {
    for (const socket of this.#sockets) socket.close(CUT, "killed");
  }

  /** Ends every connection, and lets none begin until `mend`. */
  cut(): void {
    this.#isOffline = true;
    this.kill();
  }

  mend(): void {
    this.#isOffline = false;
  }
}

class WatchedSocket extends WebSocket {
  readonly #watch: (from: "us" | "server", text: string) => void;

  constructor(url: string, protocols: string[], watch: (from: "us" | "server", text: string) => void) {
    super(url, protocols);
    this.#watch = watch;
    this.addEventListener("message", ({ data }) => watch("server", textOf(data)));
  }

  override send(data: Parameters<WebSocket["send"]>[0]): void {
    this.#watch("us", textOf(data));
    super.send(data);
  }
}

/** A socket whose server nobody reaches. */
function unreachable(): WebSocket {
  const socket = { readyState: WebSocket.CONNECTING as number, close() {}, send() {} } as unknown as WebSocket;
  setTimeout(() => {
    Object.assign(socket, { readyState: WebSocket.CLOSED });
    socket.onclose?.(new CloseEvent("close", { code: 1006, reason: "offline" }));
  });
  return socket;
}

function textOf(data: unknown): string {
  if (typeof data === "string") return data;
  return data instanceof ArrayBuffer || ArrayBuffer.isView(data) ? new TextDecoder().decode(data) : "";
}
