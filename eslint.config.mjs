// What the linter asks of all JavaScript. Types come from JSDoc and are checked by `tsc`, and the rules that need to know
// what is a promise get them from the same three configurations.
import js from "@eslint/js";
import { parser, plugin } from "typescript-eslint";

export default [
  { ignores: ["dist/", "**/target/", ".wrangler/", ".hushclip/"] },
  {
    files: ["**/*.js", "**/*.mjs"],
    languageOptions: {
      parser,
      parserOptions: { project: ["tsconfig.json", "tsconfig.workers.json", "tsconfig.node.json"], tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    plugins: { typescript: plugin },
    rules: {
      ...js.configs.recommended.rules,
      // The type checker does it, and knows what there is in pages, workers and node.
      "no-undef": "off",
      "no-unused-vars": ["error", { ignoreRestSiblings: true }],
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": ["error", { destructuring: "all" }],
      "typescript/await-thenable": "error",
      // `node:test` waits for its tests by itself.
      "typescript/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: [{ from: "package", package: "node:test", name: ["describe", "it"] }] },
      ],
      "typescript/no-misused-promises": ["error", { checksVoidReturn: false }],
      "typescript/no-for-in-array": "error",
    },
  },
];
