import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

import { decimal, readJson, writeJson } from "../src";
import { isMoney } from "../src/json";

test("amounts are text to the last digit, counts are numbers", () => {
  const body =
    '{"amount_usd":123456789012.345678,"total_requests":7,"limits":{"daily_usd":10,"monthly_usd":null},' +
    '"presets":[10,25.50],"amount_cents":2500,"metadata":{"amount":"free text"}}';
  expect(readJson(body)).toEqual({
    amount_usd: "123456789012.345678",
    total_requests: 7,
    limits: { daily_usd: "10", monthly_usd: null },
    presets: ["10", "25.50"],
    amount_cents: 2500,
    metadata: { amount: "free text" },
  });
});

test("an amount in a body is a number, digit for digit", () => {
  const body = { amount_usd: decimal("123456789012.345678"), daily_limit_usd: null, days: 30 };
  expect(writeJson(body)).toBe(
    '{"amount_usd":123456789012.345678,"daily_limit_usd":null,"days":30}',
  );
});

interface Schema {
  $ref?: string;
  format?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  type?: string | string[];
  [key: string]: unknown;
}

test("every amount of the gateway's document is known as one, and no other number", () => {
  const document = new URL("../../../billing-gateway/openapi.json", import.meta.url);
  const { components } = JSON.parse(readFileSync(document, "utf8")) as {
    components: { schemas: Record<string, Schema> };
  };
  const isDecimal = (schema: Schema): boolean => {
    const named = schema.$ref?.split("/").at(-1);
    if (named) return components.schemas[named]?.format === "decimal";
    const choices = [schema["oneOf"], schema["anyOf"], schema["allOf"]].flat() as (
      Schema | undefined
    )[];
    return (
      schema.format === "decimal" ||
      choices.some((choice) => choice !== undefined && isDecimal(choice)) ||
      (schema.items !== undefined && isDecimal(schema.items))
    );
  };
  const isOtherNumber = (schema: Schema) =>
    [schema.type].flat().some((type) => type === "integer" || type === "number") &&
    !isDecimal(schema);
  const wrong: string[] = [];
  const visit = (value: unknown) => {
    if (value === null || typeof value !== "object") return;
    const { properties } = value as Schema;
    for (const [name, schema] of Object.entries(properties ?? {})) {
      if (isDecimal(schema) !== isMoney(name) && (isDecimal(schema) || isOtherNumber(schema))) {
        wrong.push(name);
      }
    }
    for (const inner of Object.values(value)) visit(inner);
  };
  visit(components.schemas);
  expect(wrong).toEqual([]);
});
