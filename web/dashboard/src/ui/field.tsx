import { ChevronDown, CircleAlert } from "lucide-react";
import { useId } from "react";
import type { ComponentProps, ReactNode } from "react";

export const INPUT =
  "min-h-11 w-full rounded-lg border border-line-strong bg-surface px-3 text-ink " +
  "placeholder:text-ink-soft aria-invalid:border-bad disabled:opacity-60";

export interface FieldTexts {
  label: ReactNode;
  hint?: ReactNode;
  /** What is wrong, beside the field, in the user's language. */
  error?: string | null | undefined;
}

/** What a control takes to belong to its label, hint and error. */
export interface FieldControl {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
}

/** A label above a control, its hint and its error below. */
export function Field({
  label,
  hint,
  error,
  children,
}: FieldTexts & { children: (control: FieldControl) => ReactNode }) {
  const id = useId();
  const described = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean);
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      {children({
        id,
        "aria-describedby": described.join(" ") || undefined,
        "aria-invalid": error ? true : undefined,
      })}
      {error && (
        <p id={`${id}-error`} className="flex items-start gap-1.5 text-sm text-bad">
          <CircleAlert size={16} className="mt-0.5 shrink-0" aria-hidden />
          {error}
        </p>
      )}
      {hint && (
        <p id={`${id}-hint`} className="text-sm text-ink-soft">
          {hint}
        </p>
      )}
    </div>
  );
}

export function TextField({
  label,
  hint,
  error,
  className = "",
  ...input
}: FieldTexts & Omit<ComponentProps<"input">, "children">) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <input type="text" className={`${INPUT} ${className}`} {...input} {...control} />
      )}
    </Field>
  );
}

export function TextArea({
  label,
  hint,
  error,
  className = "",
  ...area
}: FieldTexts & Omit<ComponentProps<"textarea">, "children">) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <textarea rows={3} className={`${INPUT} py-2.5 ${className}`} {...area} {...control} />
      )}
    </Field>
  );
}

/** The system's own list: it works everywhere, and by keyboard. Options are its children. */
export function Select({
  label,
  hint,
  error,
  className = "",
  ...select
}: FieldTexts & ComponentProps<"select">) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <div className="relative">
          <select
            className={`${INPUT} appearance-none pr-10 ${className}`}
            {...select}
            {...control}
          />
          <ChevronDown
            size={18}
            aria-hidden
            className="pointer-events-none absolute inset-y-0 right-3 my-auto text-ink-soft"
          />
        </div>
      )}
    </Field>
  );
}

export function Checkbox({
  label,
  hint,
  ...input
}: Pick<FieldTexts, "label" | "hint"> & Omit<ComponentProps<"input">, "children">) {
  const id = useId();
  return (
    <div className="flex min-h-11 items-start gap-3 py-2">
      <input
        type="checkbox"
        id={id}
        aria-describedby={hint ? `${id}-hint` : undefined}
        className="mt-0.5 size-5 shrink-0 accent-accent"
        {...input}
      />
      <div>
        <label htmlFor={id} className="block">
          {label}
        </label>
        {hint && (
          <p id={`${id}-hint`} className="text-sm text-ink-soft">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}
