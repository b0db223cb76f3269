import { Moon, Sun, SunMoon } from "lucide-react";
import { useState } from "react";

import { useTranslation } from "./i18n/use-translation";

type Theme = "system" | "light" | "dark";

const ICONS = { system: SunMoon, light: Sun, dark: Moon };
const KEPT = "billing.theme";

/** public/theme.js reads it before anything is drawn. */
export function ThemeChoice() {
  const { t } = useTranslation();
  const [theme, setTheme] = useState<Theme>(present);
  const Icon = ICONS[theme];
  return (
    <label className="flex min-h-11 items-center gap-3 rounded-lg px-3 hover:bg-sunken">
      <Icon size={18} aria-hidden />
      <span className="sr-only">{t("theme.label")}</span>
      <select
        value={theme}
        className="-ml-1 min-h-11 flex-1 bg-transparent"
        onChange={(event) => {
          const chosen = event.target.value as Theme;
          choose(chosen);
          setTheme(chosen);
        }}
      >
        {(["system", "light", "dark"] as const).map((name) => (
          <option key={name} value={name} className="bg-surface">
            {t(`theme.${name}`)}
          </option>
        ))}
      </select>
    </label>
  );
}

function present(): Theme {
  const theme = document.documentElement.dataset["theme"];
  return theme === "light" || theme === "dark" ? theme : "system";
}

function choose(theme: Theme) {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  try {
    localStorage.setItem(KEPT, theme);
  } catch {
    // It holds for this page, then.
  }
}
