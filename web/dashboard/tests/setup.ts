import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// The error alone: whole documents hide it. The first page of a file is compiled while it is waited for, which
// takes seconds on a busy machine.
configure({
  getElementError: (message) => new Error(message ?? "not found"),
  asyncUtilTimeout: 10_000,
});

afterEach(() => {
  cleanup();
  sessionStorage.clear();
  localStorage.clear();
});
