import "@billing/elements";
import { afterEach, expect, test, vi } from "vitest";
import { type App, createApp, h, nextTick } from "vue";
import type { Component } from "vue";
import { BadgeDisplay, BadgeIcon, FundraiserForm, ProgressMeter, SupporterWall } from "../src";

// happy-dom has none; forms are tried in a real browser.
HTMLElement.prototype.attachInternals ??= () =>
  ({
    form: null,
    setFormValue: () => undefined,
    setValidity: () => undefined,
  }) as unknown as ElementInternals;

let app: App | undefined;
afterEach(() => app?.unmount());

async function shown(component: Component, props: object): Promise<HTMLElement> {
  const root = document.createElement("div");
  document.body.replaceChildren(root);
  app = createApp({ render: () => h(component, props) });
  app.mount(root);
  await nextTick();
  const element = root.firstElementChild;
  // Its words come by themselves.
  const drawn = (): Element | null | undefined => element?.shadowRoot?.querySelector("[part]");
  if (element) await vi.waitFor(() => expect(drawn()).toBeTruthy());
  return root;
}

test("the form has the guide's defaults", async () => {
  const root = await shown(FundraiserForm, { recipientName: "OpenMeet", recipientType: "group" });
  const form = root.querySelector("fund-form");
  expect(form).toMatchObject({ recipientName: "OpenMeet", recipientType: "group" });
  const amounts = form?.shadowRoot?.querySelectorAll<HTMLInputElement>("input[type=radio]") ?? [];
  expect([...amounts].map(({ value, checked }) => [value, checked])).toEqual([
    ["1000", false],
    ["2500", true],
    ["5000", false],
    ["other", false],
  ]);
});

test("the form asks how often, and the wall whose support goes on, where the page wants it", async () => {
  const props = { recipientName: "OpenMeet", recipientType: "platform", monthly: true };
  const form = (await shown(FundraiserForm, props)).querySelector("fund-form");
  expect(form?.shadowRoot?.querySelectorAll("input[name=interval]")).toHaveLength(2);
  const heard: unknown[] = [];
  const root = await shown(SupporterWall, {
    supporters: { gold: [{ name: "Ann", since: "2026-01-01", monthly: true }] },
    filter: true,
    "onUpdate:support": (support: unknown) => heard.push(support),
  });
  const wall = root.querySelector("fund-wall");
  expect(wall?.shadowRoot?.querySelector("[part=monthly]")?.textContent).toBe("monthly");
  const past = wall?.shadowRoot?.querySelector<HTMLInputElement>("input[value=past]");
  past?.dispatchEvent(new Event("change"));
  expect(heard).toEqual(["past"]);
});

test("submit is heard, and then the form itself goes nowhere", async () => {
  const heard: unknown[] = [];
  const root = await shown(FundraiserForm, {
    recipientName: "OpenMeet",
    recipientType: "platform",
    onSubmit: (data: unknown) => heard.push(data),
  });
  const event = new CustomEvent("fund-submit", { detail: { amountCents: 2500 }, cancelable: true });
  root.querySelector("fund-form")?.dispatchEvent(event);
  expect(heard).toEqual([{ amountCents: 2500 }]);
  expect(event.defaultPrevented).toBe(true);
});

test("the meter says the guide's sentence", async () => {
  const root = await shown(ProgressMeter, {
    goalCents: 50000,
    currentCents: 34700,
    supporterCount: 23,
  });
  const text = root.querySelector("fund-progress")?.shadowRoot?.querySelector("[part=text]");
  expect(text?.textContent?.replace(/\s+/g, " ").trim()).toBe("$347 of $500 from 23 supporters");
});

test("a badge has its size and label, and nobody without a level has one", async () => {
  const root = await shown(BadgeDisplay, { level: "gold", showLabel: true });
  expect(root.querySelector("fund-badge")).toMatchObject({
    level: "gold",
    size: "md",
    showLabel: true,
  });
  for (const component of [BadgeDisplay, BadgeIcon]) {
    expect((await shown(component, { level: null })).querySelector("fund-badge")).toBeNull();
  }
});
