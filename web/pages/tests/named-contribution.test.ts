import { beforeEach, expect, test } from "vitest";
import { isPaidByLink, takeContribution } from "../src/named-contribution";

const ULID = "01JDRX6G8W7K2N3P4Q5R6S7T8V";
let at: { pathname: string; search: string };
let state: unknown;

beforeEach(() => {
  state = null;
});

function page(search: string): Window {
  at = { pathname: "/support/thank-you", search };
  const history = {
    get state() {
      return state;
    },
    replaceState: (next: unknown, _title: string, url: string) => {
      state = next;
      at = { pathname: url, search: "" };
    },
  };
  return { location: at, history } as unknown as Window;
}

test("the contribution leaves the address, and is known again after a reload", () => {
  expect(takeContribution(page(`?contribution=${ULID}`))).toBe(ULID);
  expect(at).toEqual({ pathname: "/support/thank-you", search: "" });
  expect(takeContribution(page(""))).toBe(ULID);
});

test("a payment link of before there was billing names none", () => {
  expect(takeContribution(page("?session_id=cs_test_1"))).toBeNull();
  expect(isPaidByLink(page("?session_id=cs_test_1"))).toBe(true);
  expect(isPaidByLink(page(""))).toBe(false);
  expect(takeContribution(page("?contribution=%3Cb%3E"))).toBeNull();
});
