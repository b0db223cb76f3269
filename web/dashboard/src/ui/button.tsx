import type { ComponentProps, ReactNode } from "react";
import { Link } from "react-router";

type Variant = "primary" | "secondary" | "danger" | "quiet";

const SHAPE =
  "inline-flex min-h-11 items-center justify-center gap-2 rounded-lg px-4 py-1.5 text-[0.9375rem] font-medium " +
  "transition-colors disabled:cursor-not-allowed disabled:opacity-60 aria-disabled:cursor-progress";

const COLOURS: Record<Variant, string> = {
  primary: "bg-accent text-on-accent hover:bg-accent-strong",
  secondary: "border border-line-strong bg-surface text-ink hover:bg-sunken",
  danger: "bg-bad text-on-accent hover:bg-bad-strong",
  quiet: "text-accent hover:bg-sunken",
};

export function buttonClass(variant: Variant, more = ""): string {
  return `${SHAPE} ${COLOURS[variant]} ${more}`;
}

interface Look {
  variant?: Variant;
  icon?: ReactNode;
}

/** `busy` keeps the focus and the width, and takes no second click. */
export function Button({
  variant = "secondary",
  icon,
  busy = false,
  className,
  onClick,
  children,
  ...rest
}: Look & { busy?: boolean } & ComponentProps<"button">) {
  return (
    <button
      type="button"
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      className={buttonClass(variant, className)}
      onClick={(event) => (busy ? event.preventDefault() : onClick?.(event))}
      {...rest}
    >
      {icon}
      {children}
    </button>
  );
}

/** A link within the dashboard that looks like a button. */
export function LinkButton({
  variant = "secondary",
  icon,
  className,
  children,
  ...rest
}: Look & ComponentProps<typeof Link>) {
  return (
    <Link className={buttonClass(variant, className)} {...rest}>
      {icon}
      {children}
    </Link>
  );
}
