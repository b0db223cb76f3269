/** Addresses of this part's pages, for links from any of them. */

export const ADMIN = "/admin";

export function userLink(userId: string): string {
  return `${ADMIN}/users/${encodeURIComponent(userId)}`;
}

export function entriesLink(userId: string): string {
  return `${userLink(userId)}/entries`;
}
