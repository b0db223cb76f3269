import { expect, test, vi } from "vitest";

import { ownZone } from "../src";

test("Kyiv is called by its name, whatever the browser calls it", () => {
  const zone = vi.spyOn(Intl.DateTimeFormat.prototype, "resolvedOptions");
  for (const [told, name] of [
    ["Europe/Kiev", "Europe/Kyiv"],
    ["America/New_York", "America/New_York"],
  ] as const) {
    zone.mockReturnValue({ timeZone: told } as Intl.ResolvedDateTimeFormatOptions);
    expect(ownZone()).toBe(name);
  }
});
