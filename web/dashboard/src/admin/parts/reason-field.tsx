import { TextArea } from "../../ui/field";
import { reasonProblem } from "../reason";
import { useWords } from "../words";

interface ReasonFieldProps {
  value: string;
  onChange: (typed: string) => void;
  /** Whether what is wrong is said: not before the first attempt. */
  tried: boolean;
  /** Said besides, such as who reads it. */
  hint?: string | undefined;
  disabled?: boolean;
}

export function ReasonField({ value, onChange, tried, hint, disabled = false }: ReasonFieldProps) {
  const { t } = useWords();
  const wrong = tried ? reasonProblem(value) : null;
  return (
    <TextArea
      label={t("common.reason")}
      hint={[hint, t("common.reasonHint")].filter(Boolean).join(" ")}
      error={
        wrong &&
        (wrong.problem === "missing"
          ? t("common.reasonMissing")
          : t("common.reasonLong", { bytes: wrong.bytes }))
      }
      value={value}
      required
      rows={2}
      disabled={disabled}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
