/** Where the user's token comes from. It is asked for at each call, and never kept, written or logged here. */
import { readFile } from "node:fs/promises";

import { Failure } from "./failure.js";

export interface TokenSource {
  /** The token; a `Failure` where there is none. */
  read(): Promise<string>;
  /** How a new one gets here, for whoever is told that this one has expired. */
  renewal: string;
}

/** Of a bearer token (RFC 6750): it goes into a header, so nothing else may be in it. */
export const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

export function fixedToken(token: string, renewal: string): TokenSource {
  return { read: () => Promise.resolve(token), renewal };
}

/** Read anew each time: who renews the token writes the file. */
export function tokenFile(path: string): TokenSource {
  return {
    renewal: "the next call takes the new token from the file of BILLING_USER_TOKEN_FILE",
    async read() {
      let text: string;
      try {
        text = (await readFile(path, "utf8")).trim();
      } catch (cause) {
        throw noToken("cannot be read", cause);
      }
      if (!TOKEN.test(text)) throw noToken("holds no token");
      return text;
    },
  };
}

function noToken(why: string, cause?: unknown): Failure {
  const advice = "Ask the user to have their token written there again; the next call takes it";
  return new Failure("NO_TOKEN", `the file of BILLING_USER_TOKEN_FILE ${why}. ${advice}`, {
    cause,
  });
}
