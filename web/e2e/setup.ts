/** Around every flow. */
import { afterAll, afterEach, expect } from "vitest";

import { closeBrowser, closePages } from "./browser";

afterEach(async () => {
  expect(await closePages(), "the browser complains of nothing").toEqual([]);
});

afterAll(closeBrowser);
