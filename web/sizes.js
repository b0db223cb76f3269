// How much script a first visit costs, compressed, against what was promised.
//
//   node sizes.js      after npm run build
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { gzipSync } from "node:zlib";

const dist = join(import.meta.dirname, "dist");

/** A module and all that it imports before it runs; not what it asks for later. */
function graph(name, seen = new Set()) {
  if (seen.has(name)) {
    return seen;
  }
  seen.add(name);
  const text = readFileSync(join(dist, name), "utf8");
  for (const [, imported] of text.matchAll(/\b(?:from|import)\s*["']([^"']+\.js)["']/g)) {
    graph(
      imported.startsWith("/") ? imported.slice(1) : posix.join(posix.dirname(name), imported),
      seen,
    );
  }
  return seen;
}

/** The scripts that a page names itself. */
function named(page) {
  const html = readFileSync(join(dist, page), "utf8");
  return [...html.matchAll(/(?:src|href)="\/([^"]+\.js)"/g)].map(([, name]) => name);
}

const all = (names) => names.reduce((seen, name) => graph(name, seen), new Set());
const bytes = (names) =>
  [...names].reduce(
    (sum, name) => sum + gzipSync(readFileSync(join(dist, name)), { level: 9 }).length,
    0,
  );

const budgets = [
  ["dashboard, before its first page", all(named("app/index.html")), 180_000],
  ["form and meter together", all(["elements/fund-form.js", "elements/fund-progress.js"]), 15_000],
];
for (const [what, names, most] of budgets) {
  const size = bytes(names);
  console.log(`${what}: ${(size / 1000).toFixed(1)} of ${most / 1000} kB in ${names.size} files`);
  if (size > most) {
    process.exitCode = 1;
  }
}
