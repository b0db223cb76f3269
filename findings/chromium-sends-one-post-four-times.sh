#!/usr/bin/env bash
# Chromium 156.0.8078.108 (Debian 12) by playwright-core 1.65.1, seen on 2026-11-28.
#
# A page calls `fetch` once, with POST. The server reads the request whole, as one that carries it out, and its
# connection breaks before the answer (it was restarted, a proxy gave up). One would bet that the page's promise
# is rejected and the server saw one request: RFC 9110, 9.2.2 forbids to repeat what is not idempotent unasked.
# But a connection that had been used before may have been closed by chance, so Chromium sends the request again
# on the next kept-alive connection, on the next, and at last on a new one. With three at hand, one `fetch` is
# four POSTs that arrive whole; the page hears of one failure.
#
# So what moves money has a key, made before the first attempt: also for a page that never repeats anything.
#
# Needs Node.js 20 and Chromium (CHROMIUM, or /usr/bin/chromium). Prints what it saw; fails where that has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund playwright-core@1.65.1

cat >seen.mjs <<'JS'
import { createServer } from "node:http";
import { chromium } from "playwright-core";

let posts = 0;
const server = createServer((request, response) => {
  request.resume().on("end", () => {
    if (request.method === "GET") return response.end("<!doctype html><title>page</title>");
    posts += 1;
    request.socket.destroy();
  });
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
console.log("seen on: Chromium", browser.version());
const page = await browser.newPage();
await page.goto(`http://127.0.0.1:${server.address().port}`);
const seen = [];
for (const kept of [1, 3]) {
  posts = 0;
  const said = await page.evaluate(async (gets) => {
    await Promise.all(Array.from({ length: gets }, (_, i) => fetch(`/${i}`).then((a) => a.text())));
    return fetch("/pay", { method: "POST", body: "5" }).then((a) => a.status, String);
  }, kept);
  console.log(`${kept} kept-alive connections, fetch once: ${said}; POSTs that arrived: ${posts}`);
  seen.push(posts);
}
await browser.close();
server.close();
if (String(seen) !== "2,4") {
  console.error("this has changed");
  process.exit(1);
}
JS
node seen.mjs
