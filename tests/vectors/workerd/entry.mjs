// Runs the tests of one wasm module inside workerd, on request: 200 if all passed, and what they printed.
import module from "./tests_bg.wasm";
import { WasmBindgenTestContext, initSync } from "./tests.js";

/** @type {string[]} */
const lines = [];
Object.assign(globalThis, {
  __wbg_test_output_writeln: (/** @type {string} */ line) => lines.push(line),
  __wbg_test_invoke: (/** @type {() => unknown} */ test) => test(),
  __wbgtest_og_console_log: console.log,
  __wbgtest_og_console_error: console.error,
});

export default {
  async fetch() {
    lines.length = 0;
    const wasm = initSync({ module });
    const tests = WebAssembly.Module.exports(module).filter(({ name }) => name.startsWith("__wbgt_"));
    const passed = await new WasmBindgenTestContext(false).run(tests.map(({ name }) => wasm[name]));
    return new Response(lines.join("\n"), { status: passed && tests.length > 0 ? 200 : 500 });
  },
};
