import assert from "node:assert/strict";
import test from "node:test";
import { fileURLToPath } from "node:url";

import { readSettings, SettingError } from "../src/settings.js";
import { tokenFile } from "../src/token.js";

const GATEWAY = { BILLING_GATEWAY_URL: "http://127.0.0.1:8080/" };
const USER = { ...GATEWAY, BILLING_USER_TOKEN: "secret.to.ken" };
const HTTP = ["--http", "127.0.0.1:3333"];

const wrong: [says: string, args: string[], environment: Record<string, string>][] = [
  ["BILLING_GATEWAY_URL is not set", [], {}],
  ["BILLING_GATEWAY_URL must be", [], { BILLING_GATEWAY_URL: "gateway:8080" }],
  ["BILLING_GATEWAY_URL must be", [], { BILLING_GATEWAY_URL: "http://user:word@gateway" }],
  ["BILLING_USER_TOKEN is not set", [], GATEWAY],
  ["BILLING_USER_TOKEN is no", [], { ...GATEWAY, BILLING_USER_TOKEN: "secret\r\nx: y" }],
  [
    "BILLING_USER_TOKEN and BILLING_USER_TOKEN_FILE are both set",
    [],
    { ...USER, BILLING_USER_TOKEN_FILE: "/t" },
  ],
  [
    "BILLING_USER_TOKEN_FILE cannot be read",
    [],
    { ...GATEWAY, BILLING_USER_TOKEN_FILE: "/nowhere/token" },
  ],
  ["BILLING_USER_TOKEN must not be set with --http", HTTP, USER],
  ["BILLING_MCP_ALLOWED_HOSTS is not set", ["--http", "0.0.0.0:3333"], GATEWAY],
  [
    "BILLING_MCP_ALLOWED_HOSTS must be",
    HTTP,
    { ...GATEWAY, BILLING_MCP_ALLOWED_HOSTS: "mcp.example.org:443" },
  ],
  [
    "BILLING_MCP_ALLOWED_ORIGINS must be",
    HTTP,
    { ...GATEWAY, BILLING_MCP_ALLOWED_ORIGINS: "https://app.example.org/" },
  ],
  ["--http must be", ["--http", "3333"], GATEWAY],
  ["--http names no address", ["--http"], GATEWAY],
  ["--port is no option", ["--port", "1"], GATEWAY],
];
for (const [says, args, environment] of wrong) {
  test(`an error at start begins: ${says} (${args.join(" ")} ${Object.keys(environment).join(" ")})`, () => {
    assert.throws(
      () => readSettings(args, environment),
      (error: Error) => {
        assert.ok(error instanceof SettingError);
        assert.ok(error.message.startsWith(says), error.message);
        assert.ok(!error.message.includes("secret"));
        return true;
      },
    );
  });
}

test("a loopback address is served under its own names, another one under those that are set", () => {
  const local = readSettings(["--http", "[::1]:3333"], GATEWAY);
  assert.ok(local.transport === "http");
  assert.deepEqual(local.allowedHosts, ["127.0.0.1", "localhost", "[::1]"]);
  assert.equal(local.gatewayUrl, "http://127.0.0.1:8080");
  const environment = { ...GATEWAY, BILLING_MCP_ALLOWED_HOSTS: "mcp.example.org, 10.0.0.7" };
  const wide = readSettings(["--http=0.0.0.0:3333"], environment);
  assert.ok(wide.transport === "http");
  assert.deepEqual(wide.allowedHosts, ["mcp.example.org", "10.0.0.7"]);
  assert.deepEqual([wide.host, wide.port], ["0.0.0.0", 3333]);
});

test("a file without a token says what helps, and nothing of what it holds", async () => {
  const files: [path: string, why: string][] = [
    ["/nowhere/token", "cannot be read"],
    // A token has no blanks.
    [fileURLToPath(new URL("../../package.json", import.meta.url)), "holds no token"],
  ];
  for (const [path, why] of files) {
    await assert.rejects(tokenFile(path).read(), ({ message }: Error) => {
      assert.match(message, new RegExp(`^NO_TOKEN: .*${why}.*written there again`));
      assert.ok(!message.includes("billing-mcp"));
      return true;
    });
  }
});
