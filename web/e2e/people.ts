/** Users of the flows: each has an account of its own, so that no flow sees what another has done. */
import { createHmac, randomUUID } from "node:crypto";

import { stack } from "./stack";

export interface Person {
  id: string;
  token: string;
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");

function signed(claims: object, secs: number): string {
  const exp = Math.floor(Date.now() / 1000) + secs;
  const text = `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded({ ...claims, exp })}`;
  return `${text}.${createHmac("sha256", stack.jwt_secret).update(text).digest("base64url")}`;
}

const NAME = "Olena <b>K</b>";

/** Somebody new, whose first request opens an account with the tenant's welcome grant of 1 USD. */
export function newcomer(name = NAME): Person {
  const id = randomUUID();
  return { id, token: tokenOf(id, name) };
}

/** Another token of the same person; below 0: one that has expired so many seconds ago. */
export function tokenOf(id: string, name = NAME, secs = 3_600): string {
  return signed({ userId: id, email: `${id}@example.com`, name }, secs);
}

export function administrator(): Person {
  return { id: "administrator", token: stack.admin_jwt };
}

/** A request of the person's own to the gateway, past the pages. */
export async function asked(
  person: Person,
  path: string,
  init: RequestInit = {},
): Promise<unknown> {
  const headers = { authorization: `Bearer ${person.token}`, "content-type": "application/json" };
  const answer = await fetch(`${stack.gateway}${path}`, {
    ...init,
    headers: { ...headers, ...init.headers },
  });
  const text = await answer.text();
  if (!answer.ok) {
    throw new Error(`${path}: ${answer.status} ${text}`);
  }
  return text === "" ? null : JSON.parse(text);
}
