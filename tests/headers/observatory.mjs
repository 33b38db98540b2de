// Grades a site with the MDN HTTP Observatory: `node observatory.mjs HOST:PORT` prints its result as JSON.
// A process of its own, because certificates to trust are named when node starts (NODE_EXTRA_CA_CERTS).
import { existsSync, writeFileSync } from "node:fs";

// Its install script would download the list of sites whose HTTPS is built into browsers; ours is none of them.
const list = new URL("conf/hsts-preload.json", import.meta.resolve("@mdn/mdn-http-observatory/package.json"));
if (!existsSync(list)) {
  writeFileSync(list, "{}\n");
}

const { scan } = await import("@mdn/mdn-http-observatory");
console.log(JSON.stringify(await scan(process.argv[2])));
process.exit(0);
