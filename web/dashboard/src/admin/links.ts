/** Addresses of this part's pages, for links from any of them, and of the gateway's routes of one user. */

export const ADMIN = "/admin";

export function userLink(userId: string): string {
  return `${ADMIN}/users/${encodeURIComponent(userId)}`;
}

export function entriesLink(userId: string): string {
  return `${userLink(userId)}/entries`;
}

export function userPath(userId: string, rest = ""): string {
  return `/api/admin/users/${encodeURIComponent(userId)}${rest}`;
}
