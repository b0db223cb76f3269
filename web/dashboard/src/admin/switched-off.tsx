import { Link } from "react-router";
import type { SwitchesAnswer } from "./api";
import { ADMIN } from "./links";
import { Banner } from "../ui/banner";
import { useAdmin } from "./use-admin";
import { useWords } from "./words";

/** Says what is switched off in the whole service. Who may not see the switches sees nothing here. */
export function SwitchedOff() {
  const { t } = useWords();
  const switches = useAdmin<SwitchesAnswer>("/api/admin/switches");
  const off = switches.data?.switches.filter((each) => !each.on) ?? [];
  if (off.length === 0) return null;
  const names = off.map((each) => t(`switches.names.${each.name}`, { defaultValue: each.name }));
  return (
    <Banner tone="warn">
      {t("overview.off", { names: names.join(", ") })}{" "}
      <Link to={`${ADMIN}/switches`} className="inline-flex min-h-11 items-center underline">
        {t("overview.offLink")}
      </Link>
    </Banner>
  );
}
