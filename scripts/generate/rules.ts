/** The hospital's rules as documents: `docs/rules.md`, and the names that the setting RULES may have. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AnyRule, RulesOf } from "../../mixins/fhir/rules/rule.ts";
import { SYSTEMS } from "../../services/systems.ts";
import { withTables } from "../new/table.ts";

const ROOT = join(import.meta.dirname, "../..");

/** A rule and the types for which it holds. */
export interface ListedRule extends Pick<AnyRule, "id" | "group" | "says"> {
  type: string;
  services: string[];
  /** Its file in `test/rules`; absent: it has no test. */
  test?: string;
}

/** Every rule of every service, in the order of the services. */
export async function listedRules(): Promise<ListedRule[]> {
  const listed = new Map<string, ListedRule>();
  for (const service of new Set(Object.values(SYSTEMS).flat())) {
    const file = join(ROOT, `services/${service}/${service}.rules.ts`);
    if (!existsSync(file)) continue;
    const { rules } = (await import(file)) as { rules: RulesOf };
    for (const [type, own] of Object.entries(rules) as [string, AnyRule[]][]) {
      for (const { id, group, says } of own) {
        const known = listed.get(id);
        if (known && known.type !== type) throw new Error(`The rule ${id} is one of ${known.type} and one of ${type}: give it two names.`);
        const test = testOf(id);
        const { services = [] } = known ?? {};
        listed.set(id, { id, group, says, type, services: [...services, service], ...(test !== undefined && { test }) });
      }
    }
  }
  return [...listed.values()];
}

/** The file of `test/rules` that names a rule. */
function testOf(id: string): string | undefined {
  const folder = join(ROOT, "test/rules");
  return readdirSync(folder).find((file) => file !== "list.test.ts" && readFileSync(join(folder, file), "utf8").includes(`"${id}"`));
}

/** The files by path from the project's root. */
export async function rulesFiles(): Promise<Record<string, string>> {
  const rules = await listedRules();
  const groups = new Set<string>(rules.map(({ group }) => group));
  const names = [...[...groups].sort(), ...rules.map(({ id }) => id).sort()];
  const ids = names.map((name) => `  ${JSON.stringify(name)},\n`).join("");
  return {
    "docs/rules.md": withTables(paper(rules)),
    "mesh/rule-names.ts": `${NAMES_HEAD}export const RULE_NAMES: readonly string[] = [\n${ids}];\n`,
  };
}

const NAMES_HEAD = "/** The groups and the rules that the setting RULES may name; written by `npm run generate`. */\n";

function paper(rules: ListedRule[]): string {
  const services = [...new Set(rules.flatMap((rule) => rule.services))];
  const rows = rules.map(
    ({ id, type, group, says, services: owners, test }) =>
      `| ${type} | \`${id}\` | ${group} | ${says} | ${owners.join(", ")} | ${test === undefined ? "" : `[${test}](${["..", "test/rules", test].join("/")})`} |`,
  );
  return `# Rules

What no resource of the hospital may become, whoever writes it and through whichever door: an action under \`/api\`, FHIR's interactions, a bundle,
a patch, a conditional write, an import. Written by \`npm run generate\` from \`services/*/*.rules.ts\` (${services.join(", ")}); how they are
looked at: [ADR 19](adr/0019-rules-belong-to-the-data.md).

A refusal is a 409 (as things are) or 422 (as it is written). Its OperationOutcome has the code \`business-rule\`, the element, and what to do
instead; under \`/api\` its \`data.rule\` names the rule. The setting \`RULES\` softens rules and groups by name: \`warn\` writes and notes it in the log,
\`off\` does not look. \`RULES=off\` is a plain FHIR server. \`references:all\` asks of every type what acts are asked: that what it refers to is
there when it is written. Rules of the group \`reasons\` hold only where \`RULES\` names them (\`reasons:on\`). \`/fhir/metadata\` tells which hold.

| type | rule | group | says | owner | shown by |
| --- | --- | --- | --- | --- | --- |
${rows.join("\n")}
`;
}
