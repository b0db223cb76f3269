import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// The error alone: whole documents hide it.
configure({
  getElementError: (message) => new Error(message ?? "not found"),
  asyncUtilTimeout: 4000,
});

afterEach(() => {
  cleanup();
  sessionStorage.clear();
  localStorage.clear();
});
