// Types of what the gateway documents; with --check it only says whether they are up to date.
// Amounts are text here: `readJson` keeps their digits.
import { readFileSync, writeFileSync } from "node:fs";
import { exit, argv } from "node:process";
import { URL } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const document = new URL("../../billing-gateway/openapi.json", import.meta.url);
const target = new URL("src/generated.ts", import.meta.url);
const text = ts.factory.createKeywordTypeNode(ts.SyntaxKind.StringKeyword);
const nodes = await openapiTS(JSON.parse(readFileSync(document, "utf8")), {
  transform: (schema) => (schema.format === "decimal" ? text : undefined),
});
const heading =
  "// Generated from billing-gateway/openapi.json by `npm run generate`. Not edited by hand.\n";
const types = heading + astToString(nodes);
if (!argv.includes("--check")) writeFileSync(target, types);
else if (readFileSync(target, "utf8") !== types) exit(1);
