import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** A real browser, and a server that has built files, host pages and the gateway's answers as docs/api.md has them. */

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  existsSync,
);

/** False, and said aloud, where there is no browser to test in. */
export const hasBrowser = CHROMIUM !== undefined;
if (!hasBrowser)
  process.stderr.write("SKIPPED: no Chromium here, so nothing is tried in a browser\n");

/** As strict as the gateway's for the support pages. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
};

export interface Call {
  method: string;
  /** With its query. */
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
}

export type Answer = { status?: number; json: unknown };

export interface Stage {
  origin: string;
  /** What the gateway was asked. */
  calls: Call[];
  /** What it answers, by `METHOD /path` without query; to be changed at will. */
  answers: Map<string, Answer>;
  /** Documents by their paths. */
  documents: Map<string, string>;
  /** Folders of built files by the path before them. */
  folders: Map<string, string>;
  open: (path: string, options?: BrowserContextOptions) => Promise<Page>;
  close: () => Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const stage = { calls: [], answers: new Map(), documents: new Map(), folders: new Map() } as Pick<
    Stage,
    "calls" | "answers" | "documents" | "folders"
  >;
  const server = createServer((request, response) => void answer(stage, request, response));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await chromium.launch({ executablePath: CHROMIUM ?? "", args: ["--no-sandbox"] });
  return {
    ...stage,
    origin,
    open: (path, options = {}) => openPage(browser, origin + path, options),
    close: () => closed(browser, server),
  };
}

async function closed(browser: Browser, server: Server): Promise<void> {
  await browser.close();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
}

const VIOLATIONS = "violations";

async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions,
): Promise<Page> {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  await page.addInitScript((name) => {
    const violations: string[] = [];
    Object.assign(window, { [name]: violations });
    document.addEventListener("securitypolicyviolation", (event) => {
      violations.push(`${event.violatedDirective} ${event.blockedURI}`);
    });
  }, VIOLATIONS);
  page.setDefaultTimeout(15_000);
  await page.goto(url);
  return page;
}

/** What the page's policy had to forbid. */
export function violationsOf(page: Page): Promise<string[]> {
  return page.evaluate(
    (name) => (window as unknown as Record<string, string[]>)[name] ?? [],
    VIOLATIONS,
  );
}

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** What axe finds fault with: rule, and where. */
export async function axe(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(AXE, "utf8"));
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: {
        run: (
          options: object,
        ) => Promise<{ violations: { id: string; nodes: { target: unknown }[] }[] }>;
      };
    };
    const { violations } = await axe.run({ resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target }) => `${id}: ${JSON.stringify(target)}`),
    );
  });
}

async function answer(
  stage: Pick<Stage, "calls" | "answers" | "documents" | "folders">,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = request.url ?? "/";
  const path = url.split("?")[0] ?? "/";
  const document = stage.documents.get(path);
  if (document !== undefined) {
    send(response, 200, extname(path) || ".html", document);
    return;
  }
  const known = stage.answers.get(`${request.method ?? ""} ${path}`);
  if (known || path.startsWith("/api/")) {
    stage.calls.push({
      method: request.method ?? "",
      path: url,
      headers: request.headers,
      body: await bodyOf(request),
    });
    const { status = 200, json } = known ?? { status: 404, json: { code: "NOT_FOUND" } };
    send(response, status, ".json", JSON.stringify(json));
    return;
  }
  const file = fileOf(stage.folders, path);
  send(response, file ? 200 : 404, extname(file ?? ".html"), file ? readFileSync(file) : "");
}

function fileOf(folders: Stage["folders"], path: string): string | undefined {
  for (const [prefix, folder] of folders) {
    if (!path.startsWith(prefix)) continue;
    const file = join(folder, normalize(path.slice(prefix.length)));
    const found = [file, join(file, "index.html")].find(
      (candidate) => extname(candidate) !== "" && existsSync(candidate),
    );
    if (found) return found;
  }
  return undefined;
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, {
    "Content-Type": TYPES[type] ?? "application/json",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
  });
  response.end(body);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}
