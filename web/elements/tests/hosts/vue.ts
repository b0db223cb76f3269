import {
  BadgeDisplay,
  type ContributionFormData,
  createBilling,
  FundraiserForm,
  type Level,
  ProgressMeter,
  SupporterWall,
  useBilling,
} from "@billing/vue";
import { createApp, defineComponent, h, onMounted, ref } from "vue";

/** A page in Vue 3.5, as the guide has it: the form hands over, `useBilling` carries on. */
const Host = defineComponent({
  setup() {
    const { createCheckout, getUserBadge } = useBilling();
    const said = ref("");
    const level = ref<Level | null>(null);
    onMounted(async () => {
      level.value = (await getUserBadge("demo", 42))?.badge_level ?? null;
    });
    async function submit(data: ContributionFormData): Promise<void> {
      said.value = JSON.stringify([data, (await createCheckout(data)).contribution_ulid]);
    }
    return () =>
      h("main", [
        h(FundraiserForm, {
          recipientName: "OpenMeet",
          recipientType: "platform",
          onSubmit: (data: ContributionFormData) => void submit(data),
        }),
        h(ProgressMeter, { goalCents: 50_000, currentCents: 34_700, supporterCount: 23 }),
        h(SupporterWall, { supporters: { gold: [{ name: "Ann", since: "2026-01-01" }] } }),
        h(BadgeDisplay, { level: level.value, showLabel: true }),
        h("output", said.value),
      ]);
  },
});

createApp(Host)
  .use(createBilling({ base: "", token: () => "a-token", tenant: () => "demo" }))
  .mount("#root");
