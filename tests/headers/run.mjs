// The relay's headers as others grade them, behind a proxy that speaks TLS, and as browsers keep them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import evaluator from "csp_evaluator";
import { Severity } from "csp_evaluator/dist/finding.js";
import { CspParser } from "csp_evaluator/dist/parser.js";

import { Browser } from "../e2e/lib/browser.mjs";
import { folder, Process, program, ROOT } from "../e2e/lib/process.mjs";
import { Relay } from "../e2e/lib/relay.mjs";
import { eventually } from "../e2e/lib/wait.mjs";
import { ask, startProxy } from "./proxy.mjs";

/** @import { Screen } from "../e2e/lib/screen.mjs" */

const OBSERVATORY = path.join(import.meta.dirname, "observatory.mjs");
const SCAN_LIMIT = 60_000;

/** What csp_evaluator calls high or medium, and what else it has to say. */
function judge(policy) {
  const findings = new evaluator.CspEvaluator(new CspParser(policy).csp).evaluate();
  const [severe, rest] = [[], []];
  for (const { severity, directive, description } of findings) {
    severity <= Severity.MEDIUM ? severe.push(description) : rest.push(`${Severity[severity]} ${directive}`);
  }
  return { severe, rest };
}

/** What the MDN HTTP Observatory says of a site. */
async function scan({ url, cert }) {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: cert };
  const run = promisify(execFile)(process.execPath, [OBSERVATORY, new URL(url).host], { env, timeout: SCAN_LIMIT });
  return JSON.parse((await run).stdout);
}

/** The same answers are expected of both shells. */
const SHELLS = {
  workerd: (env) => Relay.start({ env }),
  native: async (env) => {
    const args = ["--data", folder("native"), "--listen", "127.0.0.1:0"];
    const process = new Process(program("hushclip-relay"), args, { env: { ...globalThis.process.env, ...env } });
    const [, url] = await process.match(/^ready (\S+)$/m, "the address");
    return { url, stop: () => process.kill("SIGTERM") };
  },
};

it("nothing that ships parses markup", () => {
  const files = globSync("dist/{web,chrome,firefox}/**/*.js", { cwd: ROOT });
  assert.ok(files.length > 5, "run `cargo xtask build` before");
  for (const file of files) {
    // That binding sets nothing: `parse_no_markup` in xtask/src/build/wasm.rs. The content of a template is asked for by
    // what makes elements from markup, and by nothing else.
    const markup = /(?<!__wbg_set_)innerHTML|__wbg_content_|outerHTML|insertAdjacentHTML|createContextualFragment|document\.write|DOMParser/;
    const [found] = markup.exec(readFileSync(path.join(ROOT, file), "utf8")) ?? [];
    assert.equal(found, undefined, `${file}: see ui/src/parts/kit/icon.rs`);
  }
});

/** @type {[string, () => Promise<Browser>][]} */
const EXTENSIONS = [
  ["Chromium", () => Browser.chromium("Laptop", { extension: true })],
  ["Firefox", () => Browser.firefox("Fox")],
];

for (const [name, start] of EXTENSIONS) {
  it(`lets no text become markup in the popup of ${name} either`, async (context) => {
    const browser = await start();
    context.after(() => browser.close());
    const { page } = await browser.popup();
    const refused = await page.evaluate(() => {
      try {
        document.createElement("div").innerHTML = "<b>";
        return false;
      } catch {
        return true;
      }
    });
    assert.ok(refused);
  });
}

for (const [shell, startRelay] of Object.entries(SHELLS)) {
  describe(`The headers of the relay on ${shell}`, () => headersOf(shell, startRelay));
}

function headersOf(shell, startRelay) {
  let /** @type {Pick<Relay, "url" | "stop">} */ relay, /** @type {{ url: string, cert: string }} */ proxy;

  before(async () => {
    relay = await startRelay();
    proxy = await startProxy(relay.url);
  });
  after(() => relay?.stop());

  it("csp_evaluator finds nothing severe in any policy", async (context) => {
    for (const page of ["/", "/pair", "/status", "/health", "/nothing"]) {
      const { headers } = await ask(proxy.url + page, proxy);
      const policy = headers["content-security-policy"];
      const { severe, rest } = judge(policy);
      assert.deepEqual(severe, [], `${page}: ${policy}`);
      context.diagnostic(`${page}: ${rest.join(", ") || "no finding"}`);
    }
  });

  it("the MDN HTTP Observatory grades it A+", async (context) => {
    const { scan: found, tests } = await scan(proxy);
    const failed = Object.entries(tests).filter(([, test]) => !test.pass);
    assert.deepEqual(failed, []);
    assert.equal(found.grade, "A+");
    context.diagnostic(`${found.grade}, ${found.score} points, ${found.testsPassed} of ${found.testsQuantity} tests passed`);
  });

  it("is graded by judges who would notice a weaker policy", async () => {
    const weak = (policy) => policy?.replace("'wasm-unsafe-eval'", "'unsafe-inline'");
    const weaken = (headers) => ({ ...headers, "content-security-policy": weak(headers["content-security-policy"]) });
    const weakened = await startProxy(relay.url, weaken);
    const { headers } = await ask(`${weakened.url}/`, weakened);
    assert.notDeepEqual(judge(headers["content-security-policy"]).severe, []);
    assert.notEqual((await scan(weakened)).scan.grade, "A+");
  });

  it("lets pages of its own origin open a socket, and others only if whoever runs it says so", async () => {
    const other = "https://app.example";
    const open = async (proxy, origin) => {
      const path = "/v1/mailbox/00112233445566778899aabbccddeeff";
      const key = "dGhlIHNhbXBsZSBub25jZQ==";
      const handshake = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": key };
      return ask(proxy.url + path, { ...proxy, headers: { ...handshake, ...(origin ? { origin } : {}) } });
    };
    assert.equal((await open(proxy)).status, 101);
    assert.equal((await open(proxy, proxy.url)).status, 101);
    const refused = await open(proxy, other);
    assert.equal(refused.status, 403);
    assert.deepEqual(Object.keys(JSON.parse(refused.text)), ["code", "message"]);
    const env = { ALLOWED_ORIGINS: `${other} https://more.example` };
    const lenient = await startRelay({ ...env, METRICS_TOKEN: "secret", HUSHCLIP_METRICS_TOKEN: "secret" });
    const second = await startProxy(lenient.url);
    assert.equal((await open(second, other)).status, 101);
    assert.equal((await open(second, "https://evil.example")).status, 403);
    const figures = await ask(`${second.url}/metrics`, { ...second, headers: { authorization: "Bearer secret" } });
    assert.equal(figures.status, 200);
    assert.match(figures.text, /^# HELP hushclip_/);
    await lenient.stop();
  });

  it("shows its figures to nobody where there is no token", async () => {
    const bearer = (token) => ({ ...proxy, headers: { authorization: `Bearer ${token}` } });
    for (const token of ["", "null", "undefined", "secret"]) {
      assert.equal((await ask(`${proxy.url}/metrics`, bearer(token))).status, 404, token);
    }
  });

  /** @type {[string, () => Promise<Browser>][]} */
  const apps = [
    ["Chromium", () => Browser.chromium("Phone", { flags: ["--ignore-certificate-errors"] })],
    ["Firefox", () => Browser.firefox("Fox", { extension: false, acceptInsecureCerts: true })],
  ];
  for (const [name, start] of apps) {
    describe(name, () => {
      let /** @type {Browser} */ browser, /** @type {Screen} */ app;
      const said = [];

      before(async () => {
        browser = await start();
        app = await browser.webApp("about:blank");
        app.page.on("console", (line) => ["error", "warn"].includes(line.type()) && said.push(line.text()));
        await app.page.evaluateOnNewDocument(() => {
          globalThis.violations = [];
          addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) => {
            globalThis.violations.push(`${violatedDirective} ${blockedURI} ${sample}`);
          });
        });
        await app.page.goto(proxy.url);
      });
      after(() => browser?.close());

      it("uses the app over TLS without a word of complaint", async () => {
        await app.createAccount(proxy.url);
        await app.fill("composer", "a first clip");
        await app.press("send");
        await app.lists("a first clip");
        await app.invite();
        await app.page.screenshot({ path: path.join(ROOT, `target/headers-${shell}-${name}.png`) });
        assert.deepEqual(await app.page.evaluate(() => globalThis.violations), []);
        assert.deepEqual(said, []);
        assert.equal(await app.page.evaluate(() => crossOriginIsolated), true);
      });

      it("lets no text become markup or script", async () => {
        const attempts = await app.page.evaluate(async () => {
          // Code that comes from a debugger may evaluate text; what it starts later may not.
          await new Promise((resolve) => setTimeout(resolve));
          const tries = {
            markup: () => (document.createElement("div").innerHTML = "<img src=x onerror=alert(1)>"),
            plain: () => (document.createElement("template").innerHTML = "<b>plain</b>"),
            document: () => document.write("<p>"),
            parser: () => new DOMParser().parseFromString("<p>", "text/html"),
            frame: () => (document.createElement("iframe").srcdoc = "<p>"),
            script: () => (document.createElement("script").text = "alert(1)"),
            address: () => (document.createElement("script").src = "/hushclip_web.js"),
            code: () => globalThis.eval("1"),
            policy: () => trustedTypes.createPolicy("another", { createHTML: (html) => html }),
            again: () => trustedTypes.createPolicy("default", { createHTML: (html) => html }),
          };
          return Object.entries(tries).map(([name, attempt]) => {
            try {
              attempt();
              return `${name} went through`;
            } catch {
              return `${name} was refused`;
            }
          });
        });
        const names = ["markup", "plain", "document", "parser", "frame", "script", "address", "code", "policy", "again"];
        assert.deepEqual(attempts, names.map((name) => `${name} was refused`));
        const seen = () => app.page.evaluate(() => globalThis.violations.filter((line) => line.includes("innerHTML")).length);
        assert.equal(await eventually("the violations", seen), 2);
      });

      it("takes one service worker and no other", async () => {
        const registered = await app.page.evaluate(async () => {
          const { serviceWorker } = navigator;
          const attempt = async (url) => (await serviceWorker.register(url)) && "registered";
          const all = ["/sw.js", "/boot.js", "//localhost:9/sw.js"].map((url) => attempt(url).catch(() => "refused"));
          return Promise.all(all);
        });
        assert.deepEqual(registered, ["registered", "refused", "refused"]);
      });

      it("reaches nothing but its own relay", async () => {
        const reached = await app.page.evaluate(async () => {
          const refused = () => "refused";
          const open = (url) =>
            new Promise((resolve) => {
              const socket = new WebSocket(url);
              socket.onopen = () => resolve("open");
              socket.onerror = () => resolve("refused");
            }).catch(refused);
          const other = "localhost:9";
          return Promise.all([
            fetch(`https://${other}/`).then(() => "fetched", refused),
            open(`wss://${other}/v1/mailbox/00112233445566778899aabbccddeeff`),
            open(`wss://${location.host}/v1/mailbox/00112233445566778899aabbccddeeff`),
          ]);
        });
        assert.deepEqual(reached, ["refused", "refused", "open"]);
        const seen = () => app.page.evaluate(() => globalThis.violations.filter((line) => line.startsWith("connect-src")).length);
        assert.equal(await eventually("the violations", seen), 2);
      });
    });
  }
}
