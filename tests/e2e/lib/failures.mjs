// Pictures of every browser after a test that failed, under target/e2e/.

export function photographFailures(browsers) {
  return async (context) => {
    if (context.passed === false || context.error) {
      await Promise.all(browsers().map((browser) => browser.photograph(context.name)));
    }
  };
}
