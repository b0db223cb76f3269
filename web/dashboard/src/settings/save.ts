import type { SettingsChange } from "@billing/client";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { setLanguage } from "../i18n";
import { keys } from "../queries";
import { useClient } from "../session/context";

/** Stores a change. It may be sent again as it is: it says how things are to be. */
export function useSave() {
  const client = useClient();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (change: SettingsChange) => client.updateSettings(change),
    onSuccess: async ({ settings }, change) => {
      queries.setQueryData(keys.settings, { settings });
      void queries.invalidateQueries({ queryKey: keys.balance });
      if (change.locale) await setLanguage(change.locale);
    },
  });
}
