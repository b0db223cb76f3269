import { X } from "lucide-react";
import * as Radix from "radix-ui/dialog";
import { useRef } from "react";
import type { ReactNode } from "react";

import { useTranslation } from "../i18n/use-translation";

interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  description?: ReactNode;
  children?: ReactNode;
  /** True: a click beside it closes it not; for what would be lost. */
  firm?: boolean;
}

/**
 * Radix' dialog without its overlay: that one locks scrolling by a style element, which our policy
 * forbids. theme.css locks it, and the backdrop is an element of our own.
 */
export function Dialog({ open, onClose, title, description, children, firm }: DialogProps) {
  const { t } = useTranslation();
  const opener = useRef<Element | null>(null);
  const stay = (event: Event) => firm && event.preventDefault();

  /** Whoever is to fill something in begins there. */
  function enter(event: Event) {
    opener.current = document.activeElement;
    const dialog = event.currentTarget instanceof Element ? event.currentTarget : null;
    const field = dialog?.querySelector<HTMLElement>("input, select, textarea");
    if (!field) return;
    event.preventDefault();
    field.focus();
  }

  /** Radix gives the focus back to a trigger of its own alone, and else to nothing. */
  function leave(event: Event) {
    event.preventDefault();
    if (opener.current instanceof HTMLElement) opener.current.focus();
  }

  return (
    <Radix.Root open={open} onOpenChange={(opens) => !opens && onClose()}>
      <Radix.Portal>
        <div className="fixed inset-0 z-40 bg-backdrop" />
        <Radix.Content
          onOpenAutoFocus={enter}
          onCloseAutoFocus={leave}
          onPointerDownOutside={stay}
          {...(description ? {} : { "aria-describedby": undefined })}
          className={
            "fixed inset-x-0 bottom-0 z-50 max-h-[calc(100dvh-2rem)] overflow-y-auto rounded-t-2xl " +
            "border border-line bg-surface p-6 shadow-lg sm:inset-x-auto sm:top-1/2 sm:bottom-auto " +
            "sm:left-1/2 sm:w-[30rem] sm:-translate-x-1/2 sm:-translate-y-1/2 sm:rounded-2xl"
          }
        >
          <div className="flex items-start justify-between gap-4">
            <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
            <Radix.Close
              aria-label={t("close")}
              className="-mt-2 -mr-3 flex size-11 shrink-0 items-center justify-center rounded-lg hover:bg-sunken"
            >
              <X size={20} aria-hidden />
            </Radix.Close>
          </div>
          {description && (
            <Radix.Description className="mt-1 text-ink-soft">{description}</Radix.Description>
          )}
          <div className="mt-5">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
