import type { ReactNode } from "react";

import { useTranslation } from "../i18n/use-translation";
import { Button } from "./button";
import { Dialog } from "./dialog";

interface ConfirmDialogProps {
  open: boolean;
  title: ReactNode;
  description?: ReactNode;
  /** The deed itself, "Refund $10.00" for example: never a mere yes. */
  confirm: ReactNode;
  danger?: boolean;
  /** The way back, where it is not "Cancel": what was sent is not cancelled by closing. */
  dismiss?: ReactNode;
  busy?: boolean;
  /** Why it did not work, where it did not; the dialog stays. */
  error?: string | null | undefined;
  onConfirm: () => void;
  onClose: () => void;
  children?: ReactNode;
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const { t } = useTranslation();
  const { open, title, description, confirm, danger, busy = false, error, children } = props;
  const { dismiss = t("cancel") } = props;
  return (
    <Dialog
      open={open}
      title={title}
      description={description}
      firm
      onClose={() => !busy && props.onClose()}
    >
      <form
        className="flex flex-col gap-5"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) props.onConfirm();
        }}
      >
        {children}
        <p role="alert" className="text-sm text-bad empty:hidden">
          {error}
        </p>
        <div className="flex flex-col-reverse gap-3 sm:flex-row sm:justify-end">
          <Button onClick={props.onClose} busy={busy}>
            {dismiss}
          </Button>
          <Button type="submit" variant={danger ? "danger" : "primary"} busy={busy}>
            {confirm}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
