import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test } from "vitest";

import { startI18n } from "../src/i18n";
import { Button } from "../src/ui/button";
import { Dialog } from "../src/ui/dialog";

function Opener() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>Open</Button>
      <Dialog open={open} onClose={() => setOpen(false)} title="Reason">
        <input aria-label="Why" />
      </Dialog>
    </>
  );
}

test("a dialog begins at its first field, and gives the focus back to what opened it", async () => {
  const user = userEvent.setup();
  await startI18n();
  render(<Opener />);
  await user.click(screen.getByRole("button", { name: "Open" }));
  await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText("Why")));
  await user.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  await waitFor(() =>
    expect(document.activeElement).toBe(screen.getByRole("button", { name: "Open" })),
  );
});
