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

The rules that every stored resource of the hospital follows, whoever writes it and whichever API the write comes through: an action under \`/api\`, FHIR's
interactions, a bundle, a patch, a conditional write, an import. Written by \`npm run generate\` from \`services/*/*.rules.ts\` (${services.join(", ")}); how they are
checked: [ADR 19](adr/0019-rules-belong-to-the-data.md).

A refusal is 409 (the write conflicts with the stored data) or 422 (the resource itself is wrong). Its OperationOutcome has the code \`business-rule\`, the element, and what
to do instead; the codings of \`issue.details\` are for programs: the error type (\`urn:openward:error\`), and the reference to what is not
here (\`urn:openward:missing-reference\`), if that is the reason: the same may be accepted once it is. Under \`/api\` its \`data.rule\` names the rule. The setting \`RULES\` weakens rules and groups by name: with \`warn\` the write is accepted and logged,
with \`off\` the rule is not checked. \`RULES=off\` makes this a plain FHIR server: what a client writes to \`/fhir\` is kept as it was sent, and
moves no stock, closes no prescription, bills no charge, books no time; no critical result waits for an acknowledgement, a bed shows the \`operationalStatus\` that was written, and two resources may share what is otherwise unique (a patient's open visit, a bed, an
identifier). Actions under \`/api\` keep their effects and their unique keys, and charges still follow from visits, results and dispenses by the price list. \`references:all\` requires of every type, not only of acts, that the resources to which it refers
exist when it is written. Other references of an act may name what is not here, or not yet: a practitioner, an organization, and of an encounter the one that it is part of, its appointment, account and diagnoses. Staff is often kept by another
system, and feeds send a newborn's stay before the mother's. \`npm run check-data\` counts those that lead nowhere, and \`-- --json\` lists them. Rules of the group \`reasons\` apply only if \`RULES\` names them (\`reasons:on\`). \`/fhir/metadata\` lists the rules that apply.

| type | rule | group | says | owner | shown by |
| --- | --- | --- | --- | --- | --- |
${rows.join("\n")}
`;
}
