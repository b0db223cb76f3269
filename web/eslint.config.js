import js from "@eslint/js";
import hooks from "eslint-plugin-react-hooks";
import ts from "typescript-eslint";

export default ts.config(
  { ignores: ["**/dist/**", "**/artefacts/**", "client/src/generated.ts"] },
  js.configs.recommended,
  ts.configs.strict,
  { files: ["dashboard/**/*.{ts,tsx}"], ...hooks.configs.flat.recommended },
  {
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "no-restricted-globals": ["error", { name: "parseFloat", message: "money is never a float" }],
      eqeqeq: "error",
    },
  },
  {
    files: ["dashboard/public/**"],
    languageOptions: {
      globals: Object.fromEntries(
        [
          "AbortController",
          "document",
          "fetch",
          "localStorage",
          "location",
          "navigator",
          "setTimeout",
        ].map((name) => [name, "readonly"]),
      ),
    },
  },
  {
    files: ["e2e/**", "**/*.config.{js,ts}", "assemble.js", "sizes.js"],
    languageOptions: { globals: { process: "readonly", console: "readonly" } },
  },
);
