// A STOMP 1.2 client over one WebSocket: as much of it as a page needs, and no more.

const ESCAPES = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", ":": "\\c" };
const UNESCAPES = { "\\\\": "\\", "\\n": "\n", "\\r": "\r", "\\c": ":" };

const escape = (text) => text.replace(/[\\\n\r:]/g, (character) => ESCAPES[character]);
const unescape = (text) => text.replace(/\\[\\nrc]/g, (escaped) => UNESCAPES[escaped]);

function encode(command, headers, body = "") {
  const lines = Object.entries(headers).map(([name, value]) => `${escape(name)}:${escape(value)}`);
  return `${[command, ...lines].join("\n")}\n\n${body}\0`;
}

function decode(text) {
  const end = text.indexOf("\n\n");
  const [command, ...lines] = text.slice(0, end).split("\n");
  const headers = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = unescape(line.slice(0, colon));
    headers[name] ??= unescape(line.slice(colon + 1));
  }
  return { command, headers, body: text.slice(end + 2, text.lastIndexOf("\0")) };
}

/**
 * One connection, under an access token. `onMessage(headers, body)` hears every MESSAGE; `onClosed(event)` the end, with
 * the close code of the WebSocket.
 */
export class Stomp {
  #socket;
  #receipts = new Map();
  #counter = 0;
  #beats;

  constructor(url, token, { onConnected, onMessage, onClosed }) {
    this.#socket = new WebSocket(url, ["v12.stomp"]);
    this.#socket.onopen = () =>
      this.#socket.send(encode("CONNECT", {
        "accept-version": "1.2",
        host: location.host,
        "heart-beat": "10000,10000",
        Authorization: `Bearer ${token}`,
      }));
    this.#socket.onmessage = ({ data }) => {
      if (data.trim() === "") return; // a heart-beat
      const { command, headers, body } = decode(data.trimStart());
      if (command === "CONNECTED") {
        this.#beats = setInterval(() => this.#socket.send("\n"), 10_000);
        onConnected();
      } else if (command === "MESSAGE") {
        onMessage(headers, body);
      } else if (command === "RECEIPT") {
        this.#settle(headers["receipt-id"], (receipt) => receipt.resolve(headers));
      }
    };
    this.#socket.onclose = (event) => {
      clearInterval(this.#beats);
      for (const receipt of this.#receipts.values()) receipt.reject(event);
      this.#receipts.clear();
      onClosed(event);
    };
  }

  /** Resolves when the subscription is in effect. */
  subscribe(id, destination) {
    return this.#request("SUBSCRIBE", { id, destination });
  }

  /** Resolves with the receipt's headers when the message is stored. `id` becomes the receipt's. */
  send(destination, body, id) {
    return this.#request("SEND", { destination, "content-type": "application/json" }, body, id);
  }

  /** Gives up waiting for a receipt: the server refused the frame. */
  refuse(id, problem) {
    this.#settle(id, (receipt) => receipt.reject(problem));
  }

  close() {
    this.#socket.close();
  }

  #request(command, headers, body, id = `r${++this.#counter}`) {
    return new Promise((resolve, reject) => {
      this.#receipts.set(id, { resolve, reject });
      this.#socket.send(encode(command, { ...headers, receipt: id }, body));
    });
  }

  #settle(id, how) {
    const receipt = this.#receipts.get(id);
    this.#receipts.delete(id);
    if (receipt) how(receipt);
  }
}
