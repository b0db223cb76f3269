// Puts what the packages have built into one folder, as the gateway (BILLING_WEB_DIR) and the image of
// nginx serve it, with each text compressed beforehand: neither of them has to.
//
//   node assemble.js      after every package's build
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const PARTS = { app: "dashboard/dist", elements: "elements/dist", pages: "pages/dist" };
const TEXTS = new Set([".css", ".html", ".js", ".json", ".svg", ".txt"]);
/** Below it a packet is saved, and no time. */
const BYTES_MIN = 1024;

const web = import.meta.dirname;
const whole = join(web, "dist");
const unfinished = join(web, "dist.unfinished");

rmSync(unfinished, { recursive: true, force: true });
for (const [part, built] of Object.entries(PARTS)) {
  const from = join(web, built);
  if (!existsSync(from)) {
    throw new Error(`${built} is not there: run npm run build`);
  }
  cpSync(from, join(unfinished, part), { recursive: true });
}
for (const entry of readdirSync(unfinished, { recursive: true, withFileTypes: true })) {
  if (entry.isFile() && TEXTS.has(extname(entry.name))) {
    compress(join(entry.parentPath, entry.name));
  }
}
// Under its name only when it is whole.
rmSync(whole, { recursive: true, force: true });
renameSync(unfinished, whole);

function compress(path) {
  const content = readFileSync(path);
  if (content.length < BYTES_MIN) {
    return;
  }
  const params = {
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
  };
  writeFileSync(`${path}.br`, brotliCompressSync(content, { params }));
  writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
}
