import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// The first page of a file is compiled while it is waited for, which takes seconds on a busy machine.
configure({ asyncUtilTimeout: 10_000 });

afterEach(() => {
  cleanup();
  sessionStorage.clear();
  localStorage.clear();
});
