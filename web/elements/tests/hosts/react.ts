import { createElement, useState } from "react";
import { createRoot } from "react-dom/client";

/** A page in React 19: an array and an object as properties, events by their names. */
function Host() {
  const [said, setSaid] = useState("");
  const [level, setLevel] = useState<string | null>(null);
  return createElement(
    "main",
    null,
    createElement("fund-form", {
      presetAmounts: [5, 12.5],
      recipientName: "OpenMeet",
      "onfund-submit": (event: CustomEvent) => {
        event.preventDefault();
        setSaid(JSON.stringify(event.detail));
        setLevel("gold");
      },
    }),
    createElement("fund-wall", { supporters: { gold: [{ name: "Ann", since: "2026-01-01" }] } }),
    createElement("fund-badge", { level, "show-label": "" }),
    createElement("output", null, said),
  );
}

const place = document.getElementById("root");
if (place) createRoot(place).render(createElement(Host));
