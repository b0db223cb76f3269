/** The program itself, as it is installed. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export const MAIN = fileURLToPath(new URL("../src/main.js", import.meta.url));

export interface Served {
  url: URL;
  child: ChildProcess;
  /** Everything that it has written to stdout and stderr. */
  written: () => string;
}

/** `billing-mcp --http` at a free port, once it listens. */
export async function serveHttp(environment: Record<string, string>): Promise<Served> {
  const child = spawn(process.execPath, [MAIN, "--http", "127.0.0.1:0"], { env: environment });
  let text = "";
  const listening = new Promise<URL>((resolve, reject) => {
    const read = (part: Buffer) => {
      text += part.toString();
      const address = /listening on (\S+)/.exec(text)?.[1];
      if (address) resolve(new URL(address));
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", () => reject(new Error(`it ended: ${text}`)));
  });
  return { url: await listening, child, written: () => text };
}

export async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  return (await ended)[0] as number | null;
}
