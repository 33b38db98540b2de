// TLS before a relay, as a proxy on one's own box does it: the host is passed through, nothing is added.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, request } from "node:https";
import { request as plain } from "node:http";
import path from "node:path";

import { folder, listen } from "../e2e/lib/process.mjs";

/** @import { IncomingHttpHeaders, IncomingMessage } from "node:http" */

/**
 * Starts one; `change` may rewrite the headers of each answer.
 * @param {string} relay
 * @param {(headers: IncomingHttpHeaders) => IncomingHttpHeaders} [change]
 */
export async function startProxy(relay, change = (headers) => headers) {
  const dir = folder("tls");
  const [key, cert] = [path.join(dir, "key.pem"), path.join(dir, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert];
  execFileSync("openssl", ["req", "-x509", "-days", "2", ...made, ...subject], { stdio: "pipe" });
  const target = new URL(relay);

  const pass = (/** @type {IncomingMessage} */ { method, url, headers }) => plain({ host: target.hostname, port: target.port, method, path: url, headers });
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) });
  server.on("request", (asked, answer) => {
    const passed = pass(asked);
    passed.on("response", (got) => {
      answer.writeHead(got.statusCode, change(got.headers));
      got.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    asked.pipe(passed);
  });
  server.on("upgrade", (asked, socket, head) => {
    const passed = pass(asked);
    const lines = (/** @type {IncomingMessage} */ { statusCode, statusMessage, rawHeaders }) => {
      const pairs = rawHeaders.flatMap((name, at) => (at % 2 ? [] : [`${name}: ${rawHeaders[at + 1]}`]));
      return `${[`HTTP/1.1 ${statusCode} ${statusMessage}`, ...pairs].join("\r\n")}\r\n\r\n`;
    };
    passed.on("upgrade", (got, other, first) => {
      socket.write(lines(got));
      socket.write(first);
      other.write(head);
      other.pipe(socket).pipe(other);
      for (const end of [socket, other]) {
        end.on("error", () => (socket.destroy(), other.destroy()));
      }
    });
    passed.on("response", (got) => {
      socket.write(lines(got));
      got.pipe(socket);
    });
    passed.on("error", () => socket.destroy());
    passed.end();
  });
  const port = await listen(server);
  server.unref();
  return { url: `https://localhost:${port}`, cert };
}

/**
 * A request through the proxy.
 * @param {string} url
 * @param {{ cert: string, method?: string, headers?: Record<string, string> }} options
 * @returns {Promise<{ status: number, headers: IncomingHttpHeaders, text: string }>}
 */
export async function ask(url, { cert, method = "GET", headers = {} }) {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, ca: readFileSync(cert), agent: false });
    asked.on("response", async (got) => {
      const parts = await got.toArray();
      resolve({ status: got.statusCode, headers: got.headers, text: Buffer.concat(parts).toString() });
    });
    asked.on("upgrade", (got, socket) => {
      socket.destroy();
      resolve({ status: got.statusCode, headers: got.headers, text: "" });
    });
    asked.on("error", reject);
    asked.end();
  });
}
