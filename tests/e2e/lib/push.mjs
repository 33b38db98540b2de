// A push service on this machine: takes wake-ups over HTTP (RFC 8030), and hands them to Firefox over the
// WebSocket that Firefox keeps open to its own service, or to whoever listens here.
import { createHash, randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { createServer } from "node:http";

import { listen } from "./process.mjs";

/** @import { IncomingMessage, IncomingHttpHeaders, Server, ServerResponse } from "node:http" */

/** Part of the handshake (RFC 6455). */
const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const [TEXT, CLOSE, PING, PONG] = [1, 8, 9, 10];

export class PushService extends EventEmitter {
  /** What came from relays. @type {{ method: string, path: string, headers: IncomingHttpHeaders, body: number }[]} */
  calls = [];
  /** What tells Firefox, by the path of a subscription. @type {Map<string, () => void>} */
  channels = new Map();
  /** @type {Server} */
  server;
  /** @type {string} */
  authority;
  /** @type {string} */
  origin;

  static async start() {
    const service = new PushService();
    service.server = createServer((request, response) => service.#call(request, response));
    service.server.on("upgrade", (request, socket) => service.#firefox(request, socket));
    service.authority = `127.0.0.1:${await listen(service.server)}`;
    service.server.unref();
    service.origin = `http://${service.authority}`;
    return service;
  }

  /** What Firefox has to be told so that it subscribes here. */
  get firefoxPrefs() {
    return {
      "dom.push.enabled": true,
      "dom.push.connection.enabled": true,
      "dom.push.serverURL": `ws://${this.authority}/`,
      "dom.push.testing.allowInsecureServerURL": true,
      "dom.push.alwaysConnect": true,
    };
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  async #call(request, response) {
    let body = 0;
    for await (const chunk of request) {
      body += chunk.length;
    }
    const call = { method: request.method, path: request.url, headers: request.headers, body };
    this.calls.push(call);
    const tell = this.channels.get(request.url);
    tell?.();
    response.writeHead(tell || request.url.startsWith("/other/") ? 201 : 410, { location: "/" }).end();
    this.emit("call", call);
  }

  /** Firefox's side of autopush's protocol, as far as empty messages need it. */
  #firefox(/** @type {IncomingMessage} */ request, /** @type {import("node:stream").Duplex} */ socket) {
    const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + MAGIC).digest("base64");
    const protocol = request.headers["sec-websocket-protocol"];
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n` +
        `${protocol ? `Sec-WebSocket-Protocol: ${protocol}\r\n` : ""}\r\n`,
    );
    socket.on("error", () => {});
    const say = (/** @type {object} */ message) => socket.writable && socket.write(frame(TEXT, Buffer.from(JSON.stringify(message))));
    const hear = (/** @type {{ messageType?: string, uaid?: string, channelID?: string }} */ message) => {
      switch (message.messageType) {
        case "hello":
          say({ messageType: "hello", status: 200, uaid: message.uaid || randomUUID().replaceAll("-", ""), use_webpush: true });
          break;
        case "register": {
          const path = `/wpush/${message.channelID}`;
          const tell = () => say({ messageType: "notification", channelID: message.channelID, version: randomUUID() });
          this.channels.set(path, tell);
          const { channelID } = message;
          say({ messageType: "register", channelID, status: 200, pushEndpoint: this.origin + path });
          break;
        }
        case "unregister":
          this.channels.delete(`/wpush/${message.channelID}`);
          say({ messageType: "unregister", channelID: message.channelID, status: 200 });
          break;
        case undefined:
          // An empty object is its ping.
          say({});
          break;
      }
    };
    /** @type {Buffer} */
    let buffer = Buffer.alloc(0);
    socket.on("data", (data) => {
      buffer = Buffer.concat([buffer, data]);
      for (let read; (read = unframe(buffer)); buffer = read.rest) {
        if (read.kind === TEXT) {
          hear(JSON.parse(read.payload.toString() || "{}"));
        } else if (read.kind === PING) {
          socket.write(frame(PONG, read.payload));
        } else if (read.kind === CLOSE) {
          socket.end(frame(CLOSE, Buffer.alloc(0)));
        }
      }
    });
  }
}

/**
 * Messages here are short.
 * @param {number} kind
 * @param {Buffer} payload
 */
function frame(kind, payload) {
  const long = payload.length > 125;
  const head = long ? [0x80 | kind, 126, payload.length >> 8, payload.length & 255] : [0x80 | kind, payload.length];
  return Buffer.concat([Buffer.from(head), payload]);
}

/**
 * The first whole frame; a browser's are masked.
 * @param {Buffer} buffer
 */
function unframe(buffer) {
  const long = buffer.length >= 2 && (buffer[1] & 127) === 126;
  const head = long ? 8 : 6;
  if (buffer.length < head) {
    return undefined;
  }
  const length = long ? buffer.readUInt16BE(2) : buffer[1] & 127;
  if (buffer.length < head + length) {
    return undefined;
  }
  const mask = buffer.subarray(head - 4, head);
  const payload = Buffer.from(buffer.subarray(head, head + length).map((byte, n) => byte ^ mask[n % 4]));
  return { kind: buffer[0] & 15, payload, rest: buffer.subarray(head + length) };
}
