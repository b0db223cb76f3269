import { TIME_ZONES, zoneName } from "@billing/client";
import type { Locale } from "@billing/client";

import { useLocale } from "../i18n";
import { useTranslation } from "../i18n/use-translation";
import { Card } from "../ui/card";
import { Select } from "../ui/field";
import type { SettingsForm } from "./form";

interface RegionFieldsProps {
  value: SettingsForm;
  set: (part: Partial<SettingsForm>) => void;
  error: string | undefined;
}

const areaOf = (zone: string) => zone.split("/")[0] ?? zone;
/** In the list's order: each area's zones stand together. */
const AREAS = [...new Set(TIME_ZONES.map(areaOf))];

export function RegionFields({ value, set, error }: RegionFieldsProps) {
  const { t } = useTranslation("settings");
  const locale = useLocale();
  return (
    <Card title={t("region.title")}>
      <div className="grid gap-5 sm:grid-cols-2">
        <Select
          label={t("region.language")}
          hint={t("region.language_hint")}
          value={value.locale}
          onChange={(event) => set({ locale: event.target.value as Locale })}
        >
          <option value="en" lang="en">
            English
          </option>
          <option value="uk" lang="uk">
            Українська
          </option>
        </Select>
        <Select
          label={t("region.zone")}
          hint={t("region.zone_hint")}
          error={error}
          value={value.time_zone}
          onChange={(event) => set({ time_zone: event.target.value })}
        >
          {!TIME_ZONES.includes(value.time_zone) && (
            <optgroup label={t("region.own")}>
              <option value={value.time_zone}>{value.time_zone}</option>
            </optgroup>
          )}
          {AREAS.map((area) => (
            <optgroup key={area} label={t(`region.areas.${area}`)}>
              {TIME_ZONES.filter((zone) => areaOf(zone) === area).map((zone) => (
                <option key={zone} value={zone}>
                  {zoneName(zone, locale)}
                </option>
              ))}
            </optgroup>
          ))}
        </Select>
      </div>
    </Card>
  );
}
