/** Searches made at random: criteria, chains and `_has`, with the order and pages that are asked for. */
import fc from "fast-check";
import { type Criterion, parameters } from "./plain.ts";
import { nonNull } from "../../fhir/non-null.ts";
import { CATEGORY, date, SIZES, UCUM } from "./worlds.ts";

/** A search: its criteria, and the order and size of the pages that are asked for. */
export interface Asked {
  type: string;
  criteria: Criterion[];
  sort: [string, boolean][];
  count: number;
}

const prefix = fc.constantFrom("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb");
const orList = (one: fc.Arbitrary<string>) => fc.array(one, { minLength: 1, maxLength: 2 }).map((all) => all.join(","));

type Values = (value: fc.Arbitrary<string>, ...modifiers: string[]) => fc.Arbitrary<Criterion>;

/** Codes that every resource has one of, and codes of a system. */
function tokenOn(name: string, plain: Values, missing: fc.Arbitrary<Criterion>): fc.Arbitrary<Criterion> {
  if (["status", "gender", "active"].includes(name)) {
    return fc.oneof(plain(fc.constantFrom("final", "amended", "male", "female", "true", "false", "finished", "active"), "not"), missing);
  }
  return fc.oneof(
    plain(fc.constantFrom("x", "y", "urn:a|x", "|x", "urn:b|", "IMP", "AMB", "urn:act|IMP", `${CATEGORY}|laboratory`), "not"),
    ...(name === "identifier" || name === "class"
      ? []
      : [fc.constantFrom("blood", "rate", "temp").map((value) => ({ name, modifier: "text", value }))]),
    missing,
  );
}

/** A reference, or a chain over it: of more than five links it would be refused, here none is longer than four. */
function referenceOn(type: string, name: string, plain: Values, missing: fc.Arbitrary<Criterion>): fc.Arbitrary<Criterion> {
  const { targets } = nonNull(parameters[type])[name] as { targets: string[] };
  const [target = ""] = targets;
  const ids = fc.nat((SIZES[target] as number) - 1).map((index) => `${target.toLowerCase()}-${index}`);
  const chain = fc
    .constantFrom(...Object.keys(parameters[target] as object))
    .chain((far) => criterionOn(target, far))
    .filter((far) => far.name.split(".").length < 4)
    .map((far) => ({ ...far, name: `${name}:${target}.${far.name}` }));
  const places = ids.map((id) => `${target}/${id}`);
  return fc.oneof(plain(fc.oneof(ids, places)), missing, chain, chain);
}

/** A criterion on one parameter of a type. */
function criterionOn(type: string, name: string): fc.Arbitrary<Criterion> {
  const { kind } = nonNull(parameters[type])[name] as { kind: string };
  const missing = fc.boolean().map((value) => ({ name, modifier: "missing", value: String(value) }));
  const plain: Values = (value, ...modifiers) =>
    fc
      .tuple(fc.constantFrom(undefined, undefined, ...modifiers), orList(value))
      .map(([modifier, text]): Criterion => ({ name, value: text, ...(modifier && { modifier }) }));
  switch (kind) {
    case "token":
      return tokenOn(name, plain, missing);
    case "string":
      return fc.oneof(
        plain(fc.constantFrom("ros", "Rossi", "ADAN", "mull", "strasse", "inci", "n", "van", "Berg"), "exact", "contains"),
        missing,
      );
    case "date":
      return fc.oneof(
        fc.tuple(prefix, date).map(([before, it]) => ({ name, value: before + it })),
        missing,
      );
    case "number":
      return fc.oneof(
        fc.tuple(prefix, fc.constantFrom("0.1", "0.15", "0.50", "1", "0.2")).map(([before, it]) => ({ name, value: before + it })),
        missing,
      );
    case "quantity":
      return fc.oneof(
        fc
          .tuple(
            prefix,
            fc.constantFrom("1", "5.4", "5.40", "5", "100"),
            fc.constantFrom("", "||mg", `|${UCUM}|mg`, "||milligram", `|${UCUM}|g`),
          )
          .map(([before, it, unit]) => ({ name, value: before + it + unit })),
        missing,
      );
    case "uri":
      return fc.oneof(plain(fc.constantFrom("http://x.org/a", "http://x.org/a/b", "http://x.org"), "below"), missing);
    default:
      return referenceOn(type, name, plain, missing);
  }
}

const referring: Record<string, [type: string, by: string][]> = {
  Patient: [
    ["Observation", "subject"],
    ["Encounter", "subject"],
    ["Condition", "subject"],
  ],
  Encounter: [["Observation", "encounter"]],
  Organization: [
    ["Patient", "organization"],
    ["Organization", "partof"],
  ],
};
/** What refers here fulfils a criterion, also one that leads on: by a chain, or by another `_has`. */
const hasCriterion = (type: string, depth = 0): fc.Arbitrary<Criterion> =>
  fc.constantFrom(...(referring[type] as [string, string][])).chain(([other, by]) => {
    const plain = fc
      .constantFrom(...Object.keys(parameters[other] as object))
      .chain((name) => criterionOn(other, name))
      .filter((it) => it.modifier === undefined && it.name.split(".").length < 3);
    const inner =
      referring[other] && depth < 1
        ? fc.oneof({ weight: 3, arbitrary: plain }, { weight: 1, arbitrary: hasCriterion(other, depth + 1) })
        : plain;
    return inner.map(({ name, value }) => ({ name: `_has:${other}:${by}:${name}`, value }));
  });

/** One search at random. */
export const query = fc.constantFrom(...Object.keys(SIZES)).chain((type) => {
  const names = Object.keys(parameters[type] as object);
  const one = fc.constantFrom(...names).chain((name) => criterionOn(type, name));
  const sortable = names.filter((name) =>
    ["date", "number", "quantity", "string"].includes((nonNull(parameters[type])[name] as { kind: string }).kind),
  );
  return fc.record({
    type: fc.constant(type),
    criteria: fc.array(referring[type] ? fc.oneof({ weight: 4, arbitrary: one }, { weight: 1, arbitrary: hasCriterion(type) }) : one, {
      minLength: 0,
      maxLength: 3,
    }),
    sort: fc.array(fc.tuple(fc.constantFrom("_id", ...sortable), fc.boolean()), { maxLength: 2 }),
    count: fc.constantFrom(1, 2, 3, 7, 50),
  });
});
