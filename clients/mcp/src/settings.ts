/** Settings from the environment and the command line. One that is missing or cannot work is an error at start. */
import { readFileSync } from "node:fs";

import { fixedToken, TOKEN, tokenFile, type TokenSource } from "./token.js";

export interface StdioSettings {
  transport: "stdio";
  gatewayUrl: string;
  token: TokenSource;
}

export interface HttpSettings {
  transport: "http";
  gatewayUrl: string;
  host: string;
  port: number;
  /** Names that a request may give as its host, without a port; `[::1]` with its brackets. */
  allowedHosts: string[];
  /** Origins of pages that may call: `https://app.example.org`. */
  allowedOrigins: string[];
}

export type Settings = StdioSettings | HttpSettings;

/** The text begins with the setting's name; no secret is in it. */
export class SettingError extends Error {
  override readonly name = "SettingError";
}

export const USAGE = `usage: billing-mcp [--http <address>:<port>]

An MCP server by which an agent reads its user's budget. Without --http it speaks over stdin and stdout.

  BILLING_GATEWAY_URL          the billing gateway, http:// or https://
  BILLING_USER_TOKEN           the user's token (stdio)
  BILLING_USER_TOKEN_FILE      a file that holds it, read again at each call (stdio)
  BILLING_MCP_ALLOWED_HOSTS    names by which clients call, separated by commas (--http)
  BILLING_MCP_ALLOWED_ORIGINS  origins of pages that may call, separated by commas (--http)`;

type Environment = Record<string, string | undefined>;

const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

export function readSettings(args: string[], environment: Environment): Settings {
  const listen = listenAddress(args);
  const gatewayUrl = gatewayUrlOf(environment);
  if (listen === null) return { transport: "stdio", gatewayUrl, token: tokenOf(environment) };
  for (const name of ["BILLING_USER_TOKEN", "BILLING_USER_TOKEN_FILE"]) {
    if (environment[name]) {
      throw new SettingError(
        `${name} must not be set with --http: each request brings its own user's token`,
      );
    }
  }
  const { host, port } = addressOf(listen);
  const allowedHosts = allowedHostsOf(environment, host);
  return {
    transport: "http",
    gatewayUrl,
    host,
    port,
    allowedHosts,
    allowedOrigins: originsOf(environment),
  };
}

function listenAddress(args: string[]): string | null {
  const [option, value, ...rest] = args;
  if (option === undefined) return null;
  if (option.startsWith("--http=") && value === undefined) return option.slice("--http=".length);
  if (option !== "--http")
    throw new SettingError(`${option} is no option of billing-mcp\n\n${USAGE}`);
  if (value === undefined) throw new SettingError("--http names no address: --http 127.0.0.1:3333");
  if (rest.length > 0) throw new SettingError(`${rest[0]} is no option of billing-mcp\n\n${USAGE}`);
  return value;
}

function addressOf(text: string): { host: string; port: number } {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match?.[1] || port > 65_535)
    throw new SettingError("--http must be an address and a port: --http 127.0.0.1:3333");
  return { host: match[1], port };
}

function gatewayUrlOf(environment: Environment): string {
  const name = "BILLING_GATEWAY_URL";
  const text = environment[name];
  if (!text)
    throw new SettingError(
      `${name} is not set: the address of the billing gateway, http:// or https://`,
    );
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new SettingError(`${name} must be an http:// or https:// URL`);
  if (url.username || url.password || url.search || url.hash) {
    throw new SettingError(`${name} must be without a user, a query and a fragment`);
  }
  return url.href.replace(/\/+$/, "");
}

function tokenOf(environment: Environment): TokenSource {
  const { BILLING_USER_TOKEN: token, BILLING_USER_TOKEN_FILE: path } = environment;
  if (token && path)
    throw new SettingError("BILLING_USER_TOKEN and BILLING_USER_TOKEN_FILE are both set: set one");
  if (token) {
    if (!TOKEN.test(token.trim())) throw new SettingError("BILLING_USER_TOKEN is no bearer token");
    return fixedToken(
      token.trim(),
      "the operator sets BILLING_USER_TOKEN anew and restarts billing-mcp",
    );
  }
  if (!path) {
    throw new SettingError(
      "BILLING_USER_TOKEN is not set: the user's token, or its file as BILLING_USER_TOKEN_FILE",
    );
  }
  try {
    readFileSync(path);
  } catch {
    throw new SettingError(`BILLING_USER_TOKEN_FILE cannot be read: ${path}`);
  }
  return tokenFile(path);
}

function allowedHostsOf(environment: Environment, host: string): string[] {
  const name = "BILLING_MCP_ALLOWED_HOSTS";
  const hosts = listOf(environment[name]).map((host) => host.toLowerCase());
  for (const host of hosts) {
    if (
      !URL.canParse(`http://${host}`) ||
      new URL(`http://${host}`).host !== host ||
      /:\d+$/.test(host)
    ) {
      throw new SettingError(
        `${name} must be names without a port, separated by commas: mcp.example.org`,
      );
    }
  }
  if (hosts.length > 0) return hosts;
  if (LOOPBACK.includes(host)) return LOOPBACK;
  throw new SettingError(
    `${name} is not set: the names by which clients call, since --http is no loopback address`,
  );
}

function originsOf(environment: Environment): string[] {
  const name = "BILLING_MCP_ALLOWED_ORIGINS";
  const origins = listOf(environment[name]);
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new SettingError(
        `${name} must be origins, separated by commas: https://app.example.org`,
      );
    }
  }
  return origins;
}

function listOf(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}
