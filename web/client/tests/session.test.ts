import { Window } from "happy-dom";
import { beforeEach, expect, test } from "vitest";

import { createSession, findDraft, keepDraft } from "../src";

const CONFIG = {
  login_url: "https://platform.example/login?from=billing",
  logout_url: null,
  token_storage: "memory",
  token_key: "jwt_token",
  token_links: false,
} as const;

let left: string[] = [];
beforeEach(() => {
  left = [];
});

/** A browser's tab. Whatever it stores stays when it is loaded anew. */
function tab(url: string, before?: Window): globalThis.Window {
  const window = before ?? new Window({ url });
  window.happyDOM.setURL(url);
  window.location.assign = (to: string | URL) => {
    left.push(String(to));
  };
  return window as unknown as globalThis.Window;
}

const token = (user: string) => `h.${btoa(JSON.stringify({ sub: user }))}.s`;

test("a token in the address is taken only where it was asked for, and leaves it at once", () => {
  const browser = new Window({ url: "https://billing.example/app/settings" });
  const first = createSession(CONFIG, tab("https://billing.example/app/settings", browser));
  first.signIn();
  const login = new URL(left[0] ?? "");
  expect(login.searchParams.get("from")).toBe("billing");
  const back = login.searchParams.get("return_to");
  const state = login.searchParams.get("state");

  const foreign = tab(`${back}#token=${token("mallory")}&state=guessed`, browser);
  expect(createSession(CONFIG, foreign).state()).toBe("signed_out");
  expect(foreign.location.href).toBe("https://billing.example/app/settings");

  const returned = tab(`${back}?tab=1#token=${token("u1")}&state=${state}`, browser);
  expect(createSession(CONFIG, returned).token()).toBe(token("u1"));
  expect(returned.location.href).toBe("https://billing.example/app/settings?tab=1");

  // It is taken once.
  const again = tab(`${back}#token=${token("u1")}&state=${state}`, browser);
  expect(createSession(CONFIG, again).state()).toBe("signed_out");
});

test("a link to the page that is already open signs in, where links may", () => {
  const address = "https://billing.example/app/";
  const follow = (browser: Window) => {
    browser.happyDOM.setURL(`${address}#token=${token("u2")}`);
    browser.dispatchEvent(new browser.Event("hashchange"));
  };
  const browser = new Window({ url: address });
  const session = createSession({ ...CONFIG, token_links: true }, tab(address, browser));
  let told = 0;
  session.subscribe(() => (told += 1));
  follow(browser);
  expect([session.state(), session.token(), told]).toEqual(["signed_in", token("u2"), 1]);
  expect(browser.location.href).toBe(address);

  const strict = new Window({ url: address });
  const other = createSession(CONFIG, tab(address, strict));
  follow(strict);
  expect(other.state()).toBe("signed_out");
  expect(strict.location.href).toBe(address);
});

test("a login that leads back with a refused token is not entered in a circle", () => {
  const page = tab("https://billing.example/app/");
  page.localStorage.setItem("jwt_token", token("u1"));
  const config = { ...CONFIG, token_storage: "local" } as const;
  const first = createSession(config, page);
  first.end();
  expect(left).toHaveLength(1);
  expect(page.localStorage.getItem("jwt_token")).toBeNull();

  page.localStorage.setItem("jwt_token", token("u1"));
  const second = createSession(config, page);
  second.end();
  expect(left).toHaveLength(1);
  expect(second.leaving()).toBe(false);
  second.signIn(true);
  expect(left).toHaveLength(2);
});

test("a draft is found by the user who typed it, and by no other", () => {
  const page = tab("https://billing.example/app/");
  const config = { ...CONFIG, token_storage: "local" } as const;
  page.localStorage.setItem("jwt_token", token("u1"));
  const first = createSession(config, page);
  keepDraft("settings", first.owner(), { daily: "12,50" }, page);
  first.end();

  page.localStorage.setItem("jwt_token", token("u2"));
  expect(findDraft("settings", createSession(config, page).owner(), page)).toBeNull();
  page.localStorage.setItem("jwt_token", token("u1"));
  const again = createSession(config, page);
  expect(findDraft("settings", again.owner(), page)).toEqual({ daily: "12,50" });
  again.signOut();
  expect(findDraft("settings", again.owner(), page)).toBeNull();
});
