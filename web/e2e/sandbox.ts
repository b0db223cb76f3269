/** What is done to the stand-in for Stripe and Fondy, past its pages. */
import { stack } from "./stack";

async function command(name: string, fields: object): Promise<void> {
  const answer = await fetch(`${stack.sandbox}/sandbox/${name}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(fields),
  });
  if (!answer.ok) {
    throw new Error(`the sandbox refuses ${name}: ${answer.status} ${await answer.text()}`);
  }
}

/** Nothing that is paid is reported while something is done, until `deliver` or its end. */
export async function withholding(act: (deliver: () => Promise<void>) => Promise<void>) {
  // Whatever is not said is off.
  const deliver = async () => {
    await command("mode", {});
    await command("release", {});
  };
  await command("mode", { withhold: true });
  try {
    await act(deliver);
  } finally {
    await deliver();
  }
}
