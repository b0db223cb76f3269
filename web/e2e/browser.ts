/** One Chromium for all flows, and what it has to complain of on each page. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { type Browser, type BrowserContext, type Page, chromium } from "playwright-core";

import type { Person } from "./people";
import { stack } from "./stack";

export type Language = "en" | "uk";
export type Scheme = "light" | "dark";

export const LANGUAGES: Language[] = ["en", "uk"];
export const ARTEFACTS = join(import.meta.dirname, "artefacts");

const LOCALES: Record<Language, string> = { en: "en-GB", uk: "uk-UA" };

export interface Look {
  language?: Language;
  scheme?: Scheme;
  width?: number;
  /** How many times slower the processor is. */
  slowdown?: number;
}

let launched: Promise<Browser> | undefined;
const contexts: BrowserContext[] = [];
const complaints: string[] = [];

function browser(): Promise<Browser> {
  launched ??= chromium.launch({
    executablePath: process.env.BILLING_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
  return launched;
}

/** A page of a browser of the person's own. Whatever is wrong on it fails the flow at its end. */
export async function visit(person: Person | null, look: Look = {}): Promise<Page> {
  const { language = "en", scheme = "light", width = 1280, slowdown = 1 } = look;
  const localStorage = person === null ? [] : [{ name: "jwt_token", value: person.token }];
  const context = await (
    await browser()
  ).newContext({
    locale: LOCALES[language],
    timezoneId: "Europe/Kyiv",
    colorScheme: scheme,
    reducedMotion: "reduce",
    viewport: { width, height: 900 },
    storageState: { cookies: [], origins: [{ origin: stack.gateway, localStorage }] },
  });
  contexts.push(context);
  context.setDefaultTimeout(10_000);
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      const where = `${event.sourceFile}:${event.lineNumber.toString()}`;
      console.error(
        `policy: ${event.effectiveDirective} ${event.blockedURI} at ${where} (${event.sample})`,
      );
    });
  });
  const page = await context.newPage();
  listen(page);
  context.on("page", listen);
  if (slowdown > 1) {
    const session = await context.newCDPSession(page);
    await session.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
  }
  return page;
}

function listen(page: Page): void {
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    const ours = page.url().startsWith(stack.gateway);
    if (ours && message.type() === "error") {
      complaints.push(`${page.url()}: ${message.text()}`);
    }
  });
}

/** What a flow brings about on purpose, and a browser tells of: a request that is refused. */
export function expected(pattern: RegExp): void {
  const others = complaints.filter((complaint) => !pattern.test(complaint));
  complaints.splice(0, complaints.length, ...others);
}

/** Kept, to be looked at by people. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(ARTEFACTS, { recursive: true });
  await page.screenshot({ path: join(ARTEFACTS, `${name}.png`), fullPage: true });
}

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  /** Microseconds of the processor, which others on the machine do not lengthen. */
  tdur?: number;
  args?: { name?: string };
}

/** The longest task of a page's main thread while something is done, in microseconds. */
export async function longestTask(page: Page, act: () => Promise<void>): Promise<number> {
  const running = await browser();
  await running.startTracing(page, {
    categories: ["disabled-by-default-devtools.timeline", "__metadata"],
  });
  await act();
  const trace = JSON.parse((await running.stopTracing()).toString()) as {
    traceEvents: TraceEvent[];
  };
  const isMain = (event: TraceEvent) =>
    event.name === "thread_name" && event.args?.name === "CrRendererMain";
  const threads = trace.traceEvents
    .filter(isMain)
    .map(({ pid, tid }) => `${pid.toString()}.${tid.toString()}`);
  const tasks = trace.traceEvents.filter(
    ({ name, pid, tid }) =>
      name === "RunTask" && threads.includes(`${pid.toString()}.${tid.toString()}`),
  );
  return Math.max(0, ...tasks.map(({ tdur }) => tdur ?? 0));
}

/** Closes what a flow has opened, and tells what was complained of meanwhile. */
export async function closePages(): Promise<string[]> {
  await Promise.all(contexts.splice(0).map((context) => context.close()));
  return complaints.splice(0);
}

export async function closeBrowser(): Promise<void> {
  const running = launched;
  launched = undefined;
  await (await running)?.close();
}
