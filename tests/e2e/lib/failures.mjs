// Pictures of every browser after a test that failed, under target/e2e/.

/** @import { Browser } from "./browser.mjs" */

/** @param {() => Browser[]} browsers */
export function photographFailures(browsers) {
  return async (/** @type {any} */ context) => {
    if (context.passed === false || context.error) {
      await Promise.all(browsers().map((browser) => browser.photograph(context.name)));
    }
  };
}
