import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

test("the types are those of the gateway's present document: npm run generate", () => {
  const generator = new URL("../generate.js", import.meta.url).pathname;
  expect(() => execFileSync("node", [generator, "--check"])).not.toThrow();
}, 60_000);
