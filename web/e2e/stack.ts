/** What `cargo xtask up --json` announces; the file with that line is named by BILLING_UP. */
import { readFileSync } from "node:fs";

export interface Stack {
  gateway: string;
  grpc: string;
  sandbox: string;
  database_url: string;
  tenant_id: string;
  user_id: string;
  jwt: string;
  jwt_secret: string;
  admin_jwt: string;
  tools_token: string;
  dashboard_url: string;
  admin_url: string;
  support_url: string;
}

function announced(): Stack {
  const path = process.env.BILLING_UP;
  if (path === undefined) {
    throw new Error(
      "BILLING_UP names no file: cargo xtask up --json > up.json, then BILLING_UP=up.json",
    );
  }
  const stack = JSON.parse(readFileSync(path, "utf8")) as Record<string, string | null>;
  for (const name of ["dashboard_url", "admin_url", "support_url", "sandbox"]) {
    if (typeof stack[name] !== "string") {
      throw new Error(`up announces no ${name}: were the pages built, and is the stand-in used?`);
    }
  }
  return stack as unknown as Stack;
}

export const stack = announced();
