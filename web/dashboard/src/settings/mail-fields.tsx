import { useMutation } from "@tanstack/react-query";
import { Mail } from "lucide-react";

import { useTranslation } from "../i18n/use-translation";
import { useClient } from "../session/context";
import { Banner } from "../ui/banner";
import { Button } from "../ui/button";
import { Card } from "../ui/card";
import { Checkbox } from "../ui/field";
import { useProblem } from "../ui/problem";
import { Status } from "../ui/status";
import type { SettingsForm } from "./form";

interface MailFieldsProps {
  value: SettingsForm;
  set: (part: Partial<SettingsForm>) => void;
  knownAddress: boolean;
}

const KINDS = [
  ["mail_payments", "payments"],
  ["mail_payment_failures", "failures"],
  ["mail_low_balance", "low"],
] as const;

export function MailFields({ value, set, knownAddress }: MailFieldsProps) {
  const { t } = useTranslation("settings");
  return (
    <Card title={t("mail.title")}>
      {!knownAddress && <Banner tone="info">{t("mail.unknown")}</Banner>}
      <div className="flex flex-col">
        {KINDS.map(([name, words]) => (
          <Checkbox
            key={name}
            name={name}
            label={t(`mail.${words}`)}
            hint={t(`mail.${words}_hint`)}
            checked={value[name]}
            onChange={(event) => set({ [name]: event.target.checked })}
          />
        ))}
      </div>
      <TestMail />
    </Card>
  );
}

/** To the address of the token: it may become known by that. */
function TestMail() {
  const { t } = useTranslation("settings");
  const client = useClient();
  const problem = useProblem();
  const test = useMutation({ mutationFn: client.sendTestEmail });
  return (
    <div className="mt-4 flex flex-wrap items-center gap-x-4 gap-y-2 border-t border-line pt-4">
      <Button
        busy={test.isPending}
        icon={<Mail size={18} aria-hidden />}
        onClick={() => test.mutate()}
      >
        {t("mail.test")}
      </Button>
      <Status tone={test.error ? "bad" : "good"}>
        {test.error ? problem(test.error) : test.isSuccess ? t("mail.test_sent") : null}
      </Status>
    </div>
  );
}
