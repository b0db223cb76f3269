import { useId } from "react";
import { useWords } from "../words";

interface WholeOrPartProps {
  part: boolean;
  /** What is left, written out. */
  left: string;
  onChoose: (part: boolean) => void;
}

export function WholeOrPart({ part, left, onChoose }: WholeOrPartProps) {
  const { t } = useWords();
  const name = useId();
  const choices = [
    { of: false, label: t("refund.whole", { amount: left }) },
    { of: true, label: t("refund.part") },
  ];
  return (
    <fieldset>
      <legend className="font-medium">{t("refund.howMuch")}</legend>
      {choices.map(({ of, label }) => (
        <label key={label} className="flex min-h-11 cursor-pointer items-center gap-3">
          <input
            type="radio"
            name={name}
            checked={part === of}
            onChange={() => onChoose(of)}
            className="size-5 shrink-0 accent-accent"
          />
          {label}
        </label>
      ))}
    </fieldset>
  );
}
