// A second implementation against the Rust code: over the committed vectors, and in live exchanges with
// keys that are new in each run. Run: node tests/interop/run.mjs [SEED]

import { randomBytes } from "node:crypto";
import { live } from "./live.mjs";
import { vectors } from "./vectors.mjs";

let passed = 0;
const failures = [];
const check = (name, ok) => {
  if (ok) passed += 1;
  else failures.push(name);
};

const seed = process.argv[2] ?? randomBytes(32).toString("hex");
vectors(check);
const read = passed;
try {
  await live(check, seed);
} catch (error) {
  failures.push(`live: ${error.stack}`);
}
for (const failure of failures) console.error(`FAILED ${failure}`);
if (failures.length > 0) console.error(`again with: node tests/interop/run.mjs ${seed}`);
console.log(`${passed} passed (${read} of vectors, ${passed - read} live), ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
