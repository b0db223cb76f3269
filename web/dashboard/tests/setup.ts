import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// The error alone: whole documents hide it.
configure({
  getElementError: (message) => new Error(message ?? "not found"),
  asyncUtilTimeout: 10_000,
  // Style sheets are not loaded here: nothing is hidden by them.
  defaultHidden: true,
});

afterEach(() => {
  cleanup();
  sessionStorage.clear();
  localStorage.clear();
});
