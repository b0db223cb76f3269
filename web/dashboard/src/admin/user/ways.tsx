import { useId } from "react";
import { useWords } from "../words";
import { type Way, WAYS } from "./adjustment";

/** What to do with the amount. */
export function Ways({ chosen, onChoose }: { chosen: Way; onChoose: (way: Way) => void }) {
  const { t } = useWords();
  const name = useId();
  return (
    <fieldset>
      <legend className="mb-1.5 font-medium">{t("adjust.kind")}</legend>
      {WAYS.map((way) => (
        <label key={way} className="flex min-h-11 cursor-pointer items-start gap-3 py-2">
          <input
            type="radio"
            name={name}
            value={way}
            checked={way === chosen}
            onChange={() => onChoose(way)}
            aria-describedby={`${name}-${way}`}
            className="mt-0.5 size-5 shrink-0 accent-accent"
          />
          <span>
            {t(`adjust.${way}`)}
            <span id={`${name}-${way}`} className="block text-sm text-ink-soft">
              {t(`adjust.${way}Hint`)}
            </span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
