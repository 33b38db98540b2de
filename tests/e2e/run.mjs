// Runs the tests of everything together, two files at a time: those whose names contain an argument, if there is any, and
// none whose name contains one that begins with an exclamation mark.
// Ends with a count and an exit code.
import { globSync, rmSync } from "node:fs";
import { finished } from "node:stream/promises";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const files = globSync(`${here}*.test.mjs`).sort();
const wanted = process.argv.slice(2).filter((name) => !name.startsWith("!"));
const unwanted = process.argv.slice(2).filter((name) => name.startsWith("!")).map((name) => name.slice(1));

rmSync(new URL("../../target/e2e", import.meta.url), { recursive: true, force: true });

const tests = run({
  files: files
    .filter((file) => wanted.length === 0 || wanted.some((name) => file.includes(name)))
    .filter((file) => !unwanted.some((name) => file.includes(name))),
  // Much of it is waiting. Each file has browsers, relays and folders of its own.
  concurrency: 2,
  // The files themselves say when they wait too long.
  timeout: 240_000 + 1_000 * Number(process.env.IDLE_S ?? 0),
});

let passed = 0;
let failed = 0;
// A file counts as a test when it could not even run.
const leaf = ({ details }) => details.type !== "suite";
tests.on("test:pass", (event) => (passed += leaf(event) ? 1 : 0));
tests.on("test:fail", (event) => (failed += leaf(event) ? 1 : 0));

const report = tests.compose(spec);
report.pipe(process.stdout);
await finished(report);
console.log(`end to end: ${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
