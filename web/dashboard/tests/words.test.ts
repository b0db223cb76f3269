import { expect, test } from "vitest";

type Words = { [name: string]: string | Words };

const files = import.meta.glob<Words>("../src/i18n/*/*.json", { import: "default", eager: true });

function keysOf(words: Words, before = ""): string[] {
  return Object.entries(words).flatMap(([name, value]) =>
    typeof value === "string" ? [before + name] : keysOf(value, `${before}${name}.`),
  );
}

const PLURAL = /_(one|few|many|other)$/;
const bases = (words: Words) =>
  [...new Set(keysOf(words).map((key) => key.replace(PLURAL, "")))].sort();
const placeholders = (text: string) => [...new Set(text.match(/\{\{\w+\}\}/g))].sort();

function textsOf(words: Words, before = ""): [string, string][] {
  return Object.entries(words).flatMap(([name, value]) =>
    typeof value === "string"
      ? [[before + name, value] as [string, string]]
      : textsOf(value, `${before}${name}.`),
  );
}

const namespaces = Object.keys(files)
  .filter((file) => file.includes("/en/"))
  .map(
    (file) =>
      [file.split("/").at(-1) ?? "", files[file], files[file.replace("/en/", "/uk/")]] as const,
  );

test.each(namespaces)("%s says the same things in both languages", (_name, en, uk) => {
  expect(bases(uk ?? {})).toEqual(bases(en ?? {}));
  const english = new Map(textsOf(en ?? {}).map(([key, text]) => [key.replace(PLURAL, ""), text]));
  for (const [key, text] of textsOf(uk ?? {})) {
    expect(placeholders(text), key).toEqual(
      placeholders(english.get(key.replace(PLURAL, "")) ?? ""),
    );
  }
});

test.each(namespaces)("%s has every form that its language counts by", (_name, en, uk) => {
  for (const [words, forms] of [
    [en, ["one", "other"]],
    [uk, ["one", "few", "many", "other"]],
  ] as const) {
    const keys = keysOf(words ?? {});
    for (const key of keys.filter((key) => PLURAL.test(key))) {
      for (const form of forms) expect(keys).toContain(key.replace(PLURAL, `_${form}`));
    }
  }
});
