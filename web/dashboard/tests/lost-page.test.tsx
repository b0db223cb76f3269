import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Suspense } from "react";
import { expect, test, vi } from "vitest";

import { startI18n } from "../src/i18n";
import { lazyPage } from "../src/lazy-page";
import { ErrorBoundary } from "../src/ui/error-boundary";

test("a page whose code did not come is asked for again, without all being loaded anew", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const user = userEvent.setup();
  await startI18n();
  let isOnline = false;
  const code = vi.fn(() =>
    isOnline
      ? Promise.resolve({ default: () => <p>Here</p> })
      : Promise.reject(new TypeError("Failed to fetch")),
  );
  const Page = lazyPage(code);
  render(
    <ErrorBoundary place="/usage">
      <Suspense fallback="…">
        <Page />
      </Suspense>
    </ErrorBoundary>,
  );
  expect(await screen.findByText("The connection was lost")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Load again" })).toBeNull();
  expect(code).toHaveBeenCalledTimes(1);

  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("button", { name: "Load again" })).toBeTruthy();
  expect(code).toHaveBeenCalledTimes(2);

  isOnline = true;
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("Here")).toBeTruthy();
});
