import type { WebConfig } from "./config";

/**
 * - `signed_in`: there is a token
 * - `signed_out`: there is none
 * - `ended`: the service no longer takes the one that there was
 * - `left`: the user signed out, and is not sent to the login at once
 */
export type SessionState = "signed_in" | "signed_out" | "ended" | "left";

type SessionConfig = Pick<
  WebConfig,
  "login_url" | "logout_url" | "token_storage" | "token_key" | "token_links"
>;

export interface Session {
  state: () => SessionState;
  token: () => string | null;
  /** Whose the token is, as far as it tells; drafts are kept apart by it. */
  owner: () => string;
  /** The service refused the token: to the login, as `signIn` does. */
  end: () => void;
  /**
   * Goes to the platform's login, which leads back here. Unless forced, it does nothing where the
   * login has just led back with a token that is refused: then the user decides.
   */
  signIn: (force?: boolean) => void;
  /** On the way to the login. */
  leaving: () => boolean;
  signOut: () => void;
  subscribe: (listener: () => void) => () => void;
}

const STATE_KEY = "billing.login.state";
const LEFT_KEY = "billing.login.left";
/** A login that leads back with a refused token this soon would lead in a circle. */
const CIRCLE_MS = 30_000;

export function createSession(config: SessionConfig, page: Window = window): Session {
  const listeners = new Set<() => void>();
  const stored = config.token_storage === "local";
  let token =
    takeFragment(config, page) ?? (stored ? read(page, "localStorage", config.token_key) : null);
  let lastOwner = ownerOf(token);
  let state: SessionState = token ? "signed_in" : "signed_out";
  let leaving = false;
  if (token && stored) write(page, "localStorage", config.token_key, token);

  function change(to: SessionState, next: string | null) {
    if (state === to && token === next) return;
    state = to;
    token = next;
    if (next) lastOwner = ownerOf(next);
    for (const listener of listeners) listener();
  }

  // Another tab signed in or out.
  page.addEventListener("storage", (event) => {
    if (!stored || event.key !== config.token_key) return;
    change(event.newValue ? "signed_in" : "signed_out", event.newValue);
  });

  // A link to the page that is already open changes the fragment alone, and loads nothing.
  page.addEventListener("hashchange", () => {
    const next = takeFragment(config, page);
    if (!next) return;
    if (stored) write(page, "localStorage", config.token_key, next);
    leaving = false;
    change("signed_in", next);
  });

  return {
    state: () => state,
    token: () => token,
    owner: () => lastOwner,
    end: () => {
      // The platform may have put a newer one there meanwhile.
      const newer = stored ? read(page, "localStorage", config.token_key) : null;
      if (newer && newer !== token) return change("signed_in", newer);
      if (stored) write(page, "localStorage", config.token_key, null);
      leaving ||= leaveForLogin(config, page, false);
      change("ended", null);
    },
    signIn: (force = false) => {
      if (!leaving || force) leaving = leaveForLogin(config, page, force);
      for (const listener of listeners) listener();
    },
    leaving: () => leaving,
    signOut: () => {
      if (stored) write(page, "localStorage", config.token_key, null);
      forgetDrafts(page);
      change("left", null);
      if (config.logout_url) page.location.assign(addressOf(config.logout_url, page));
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The token behind `#`, where it was asked for; it leaves the address at once in any case. */
function takeFragment(config: SessionConfig, page: Window): string | null {
  const fragment = new URLSearchParams(page.location.hash.slice(1));
  const token = fragment.get("token");
  if (!token) return null;
  const { pathname, search } = page.location;
  page.history.replaceState(page.history.state, "", pathname + search);
  const asked = read(page, "sessionStorage", STATE_KEY);
  // Without it, anybody's link could sign the user in as somebody else.
  const answersUs = asked !== null && asked === fragment.get("state");
  if (answersUs) write(page, "sessionStorage", STATE_KEY, null);
  return answersUs || config.token_links ? token : null;
}

function leaveForLogin(config: SessionConfig, page: Window, force: boolean): boolean {
  if (!config.login_url) return false;
  const left = Number(read(page, "sessionStorage", LEFT_KEY) ?? 0);
  if (!force && Date.now() - left < CIRCLE_MS) return false;
  const address = new URL(addressOf(config.login_url, page));
  const state = crypto.randomUUID();
  write(page, "sessionStorage", STATE_KEY, state);
  write(page, "sessionStorage", LEFT_KEY, String(Date.now()));
  address.searchParams.set("return_to", page.location.href.split("#")[0] ?? "");
  address.searchParams.set("state", state);
  page.location.assign(address.href);
  return true;
}

/** Absolute, and of the web: no configuration makes a link run a script. */
function addressOf(url: string, page: Window): string {
  const address = new URL(url, page.location.href);
  if (!/^https?:$/.test(address.protocol)) throw new Error(`no address of a page: ${url}`);
  return address.href;
}

const IDENTITY = ["iss", "tenantId", "tenant_id", "sub", "userId", "user_id", "id", "email"];

/** The claims that name a person, unchecked: only to tell one from another in this browser. */
function ownerOf(token: string | null): string {
  const payload = token?.split(".")[1];
  if (!payload) return "";
  try {
    const bytes = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    const claims = JSON.parse(bytes) as Record<string, unknown>;
    return JSON.stringify(IDENTITY.map((name) => claims[name] ?? null));
  } catch {
    return "";
  }
}

const DRAFT = "billing.draft.";

/** What was typed into a form, so that a login in between loses nothing. For this tab alone. */
export function keepDraft(name: string, owner: string, value: unknown, page: Window = window) {
  write(page, "sessionStorage", DRAFT + name, JSON.stringify({ owner, value }));
}

/** Null: none, or another person's. */
export function findDraft(name: string, owner: string, page: Window = window): unknown {
  const kept = read(page, "sessionStorage", DRAFT + name);
  if (!kept) return null;
  try {
    const draft = JSON.parse(kept) as { owner?: unknown; value?: unknown };
    return draft.owner === owner ? (draft.value ?? null) : null;
  } catch {
    return null;
  }
}

export function dropDraft(name: string, page: Window = window) {
  write(page, "sessionStorage", DRAFT + name, null);
}

function forgetDrafts(page: Window) {
  try {
    for (const key of Object.keys(page.sessionStorage)) {
      if (key.startsWith(DRAFT)) page.sessionStorage.removeItem(key);
    }
  } catch {
    // Storage that is forbidden holds none.
  }
}

type Place = "localStorage" | "sessionStorage";

/** Browsers may forbid storage; then a token lives in memory, and drafts do not outlive a login. */
function read(page: Window, place: Place, key: string): string | null {
  try {
    return page[place].getItem(key);
  } catch {
    return null;
  }
}

function write(page: Window, place: Place, key: string, value: string | null) {
  try {
    if (value === null) page[place].removeItem(key);
    else page[place].setItem(key, value);
  } catch {
    // As above.
  }
}
