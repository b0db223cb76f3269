import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// Until the first page of a file is there, on a machine that does other things too.
configure({ asyncUtilTimeout: 5000 });

afterEach(() => {
  cleanup();
  sessionStorage.clear();
  localStorage.clear();
});
