// The key under which the core knows a call.

import { createHash, randomUUID } from "node:crypto";

const KEY_BYTES = 255;

/** A new call's key. */
export function freshKey(): string {
  return `tool-call:${randomUUID()}`;
}

/**
 * Whether a caller's key may be used: sent once, with 1 to 255 bytes. Node gives header values as Latin-1, a byte a
 * character; a key from elsewhere is counted in UTF-8.
 */
export function isValidKey(sent: string | readonly string[]): boolean {
  const key = onlyValue(sent);
  return key !== null && key !== "" && Buffer.byteLength(key, encodingOf(key)) <= KEY_BYTES;
}

/**
 * The key for a caller's own, which counts together with the tool and the request. Were it passed on as it is, a
 * caller could pay one question and ask a hundred others by the same key.
 */
export function callersKey(
  sent: string | readonly string[],
  tool: string,
  request: readonly (string | Uint8Array)[],
): string {
  const key = onlyValue(sent) ?? "";
  const hash = createHash("sha256");
  const length = Buffer.alloc(8);
  for (const part of [Buffer.from(key, encodingOf(key)), tool, ...request]) {
    // With its length in front, so that no part runs into the next.
    const bytes = typeof part === "string" ? Buffer.from(part) : part;
    length.writeBigUInt64BE(BigInt(bytes.length));
    hash.update(length).update(bytes);
  }
  return `tool-call:${hash.digest("hex")}`;
}

function onlyValue(sent: string | readonly string[]): string | null {
  if (typeof sent === "string") return sent;
  return sent.length === 1 ? (sent[0] ?? null) : null;
}

function encodingOf(key: string): "latin1" | "utf8" {
  // eslint-disable-next-line no-control-regex
  return /^[\x00-\xff]*$/.test(key) ? "latin1" : "utf8";
}
