import fc from "fast-check";
import { parseSearch } from "../../fhir/search/parse.ts";
import type { ChainLimits } from "../../federation/query-context.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { countMatches, type PageOfRows, searchPage } from "../../federation/search-page.ts";
import { SYSTEMS } from "../../services/systems.ts";
import { type FhirHttp, fhirAt } from "../kit/fhir-http.ts";
import { type Mesh, startMesh } from "../kit/mesh.ts";
import { type Criterion, fulfils, parameters, type Resource, sortValue } from "./plain.ts";
import { nonNull } from "../../fhir/non-null.ts";

/** A failure names its seed: put it here to repeat the run. */
const SEED = 4_711;
const CASES = { sqlite: { worlds: 3, queries: 300 }, mongo: { worlds: 1, queries: 100 } };

const UCUM = "http://unitsofmeasure.org";
const CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category";
const dates = [
  "1969",
  "1970-01",
  "1970-01-31",
  "1999-12-31T23:59:59Z",
  "2000",
  "2000-02-29",
  "2020-06-15T10:00:00+02:00",
  "2020-06-15T08:00:00.123Z",
  "2021",
];
const days = dates.filter((date) => !date.includes("T"));
const words = ["Rossi", "rossi", "Adán", "Müller", "Straße", "İnci", "O'Neil", "van der Berg", "Ng"];
const systems = ["urn:a", "urn:b", undefined];
const codes = ["x", "y", "z"];
const texts = ["Blood pressure", "heart rate", "Température"];

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const some = <T>(arbitrary: fc.Arbitrary<T>, most = 2) => maybe(fc.array(arbitrary, { minLength: 1, maxLength: most }));
const date = fc.constantFrom(...dates);
const coding = fc.record({
  system: fc.constantFrom(...systems),
  code: fc.constantFrom(...codes),
  display: maybe(fc.constantFrom(...texts)),
});
const concept = fc.record({ coding: fc.array(coding, { minLength: 1, maxLength: 2 }), text: maybe(fc.constantFrom(...texts)) });
const orderedPeriod = fc.tuple(date, date).map(([a, b]) => (Date.parse(a) <= Date.parse(b) ? { start: a, end: b } : { start: b, end: a }));
const period = fc.oneof(
  orderedPeriod,
  date.map((start) => ({ start })),
  date.map((end) => ({ end })),
);
const quantity = fc
  .record({
    value: fc.constantFrom(1, 1.5, 5.4, 5.42, 100),
    system: fc.constantFrom(UCUM, undefined),
    code: fc.constantFrom("mg", "g", undefined),
    unit: fc.constantFrom("mg", "milligram", undefined),
  })
  .map(({ value, system, code, unit }) => ({ value, unit, ...(code !== undefined && { system: system ?? UCUM, code }) }));
const to = (type: string, most: number) => fc.nat(most - 1).map((index) => ({ reference: `${type}/${type.toLowerCase()}-${index}` }));
const N = { Organization: 5, Patient: 10, Encounter: 14 };

const resourceOf: Record<string, fc.Arbitrary<Record<string, unknown>>> = {
  Organization: fc.record({
    name: fc.constantFrom(...words),
    alias: some(fc.constantFrom(...words)),
    active: maybe(fc.boolean()),
    partOf: maybe(to("Organization", N.Organization)),
  }),
  Patient: fc.record({
    name: some(fc.record({ family: fc.constantFrom(...words), given: some(fc.constantFrom(...words)) })),
    birthDate: maybe(fc.constantFrom(...days)),
    gender: maybe(fc.constantFrom("male", "female", "other")),
    active: maybe(fc.boolean()),
    identifier: some(fc.record({ system: fc.constantFrom(...systems), value: fc.constantFrom(...codes) })),
    managingOrganization: maybe(to("Organization", N.Organization)),
  }),
  // By its class an Encounter is the visits' or the hospitalizations'; by its category an Observation is the lab's or the records'.
  Encounter: fc.record({
    status: fc.constantFrom("finished", "cancelled"),
    class: fc.constantFrom({ system: "urn:act", code: "AMB" }, { system: "urn:act", code: "IMP" }, { code: "EMER" }),
    subject: maybe(to("Patient", N.Patient)),
    period: maybe(period),
    reasonCode: some(concept),
  }),
  Observation: fc
    .record({
      status: fc.constantFrom("final", "amended"),
      code: concept,
      category: maybe(
        fc.constantFrom(
          [{ coding: [{ system: CATEGORY, code: "laboratory" }] }],
          [{ coding: [{ system: CATEGORY, code: "vital-signs" }] }],
        ),
      ),
      subject: maybe(to("Patient", N.Patient)),
      encounter: maybe(to("Encounter", N.Encounter)),
      when: maybe(
        fc.oneof(
          date.map((it) => ({ effectiveDateTime: it })),
          period.map((it) => ({ effectivePeriod: it })),
        ),
      ),
      value: maybe(
        fc.oneof(
          quantity.map((it) => ({ valueQuantity: it })),
          fc.constantFrom(...words).map((it) => ({ valueString: it })),
        ),
      ),
    })
    .map(({ when, value, ...rest }) => ({ ...rest, ...when, ...value })),
  Condition: fc
    .record({
      subject: to("Patient", N.Patient),
      code: maybe(concept),
      recordedDate: maybe(date),
      onset: maybe(
        fc.oneof(
          date.map((it) => ({ onsetDateTime: it })),
          period.map((it) => ({ onsetPeriod: it })),
        ),
      ),
    })
    .map(({ onset, ...rest }) => ({ ...rest, ...onset })),
  RiskAssessment: fc.record({
    status: fc.constant("final"),
    subject: to("Patient", N.Patient),
    prediction: some(fc.record({ probabilityDecimal: fc.constantFrom(0.1, 0.15, 0.5, 1) }), 2),
  }),
  ValueSet: fc.record({
    status: fc.constantFrom("draft", "active"),
    url: maybe(fc.constantFrom("http://x.org/a", "http://x.org/a/b", "http://x.org/ab")),
    date: maybe(date),
  }),
};
const SIZES: Record<string, number> = { ...N, Observation: 24, Condition: 10, RiskAssessment: 8, ValueSet: 6 };

/** A whole small hospital. */
const world = fc
  .tuple(
    ...Object.entries(SIZES).map(([type, size]) =>
      fc
        .array(resourceOf[type] as fc.Arbitrary<Record<string, unknown>>, { minLength: size, maxLength: size })
        .map((all) =>
          all.map(
            (one, index): Resource => JSON.parse(JSON.stringify({ resourceType: type, id: `${type.toLowerCase()}-${index}`, ...one })),
          ),
        ),
    ),
  )
  .map((types) => types.flat());

const prefix = fc.constantFrom("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb");
const orList = (one: fc.Arbitrary<string>) => fc.array(one, { minLength: 1, maxLength: 2 }).map((all) => all.join(","));

/** A criterion on one parameter of a type. */
function criterionOn(type: string, name: string): fc.Arbitrary<Criterion> {
  const { kind } = nonNull(parameters[type])[name] as { kind: string };
  const missing = fc.boolean().map((value) => ({ name, modifier: "missing", value: String(value) }));
  const plain = (value: fc.Arbitrary<string>, ...modifiers: string[]) =>
    fc
      .tuple(fc.constantFrom(undefined, undefined, ...modifiers), orList(value))
      .map(([modifier, text]): Criterion => ({ name, value: text, ...(modifier && { modifier }) }));
  const literal = ["status", "gender", "active"].includes(name);
  switch (kind) {
    case "token":
      if (literal) {
        return fc.oneof(
          plain(fc.constantFrom("final", "amended", "male", "female", "true", "false", "finished", "active"), "not"),
          missing,
        );
      }
      return fc.oneof(
        plain(fc.constantFrom("x", "y", "urn:a|x", "|x", "urn:b|", "IMP", "AMB", "urn:act|IMP", `${CATEGORY}|laboratory`), "not"),
        ...(name === "identifier" || name === "class"
          ? []
          : [fc.constantFrom("blood", "rate", "temp").map((value) => ({ name, modifier: "text", value }))]),
        missing,
      );
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
    default: {
      const { targets } = nonNull(parameters[type])[name] as { targets: string[] };
      const [target = ""] = targets;
      const ids = fc.nat((SIZES[target] as number) - 1).map((index) => `${target.toLowerCase()}-${index}`);
      const chain = fc
        .constantFrom(...Object.keys(parameters[target] as object))
        .chain((far) => criterionOn(target, far))
        .filter((far) => far.name.split(".").length < 4)
        .map((far) => ({ ...far, name: `${name}:${target}.${far.name}` }));
      // A chain of more than five links is refused; here none is longer than four.
      return fc.oneof(
        plain(
          fc.oneof(
            ids,
            ids.map((id) => `${target}/${id}`),
          ),
        ),
        missing,
        chain,
        chain,
      );
    }
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

const query = fc.constantFrom(...Object.keys(SIZES)).chain((type) => {
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

const urlOf = ({ type, criteria, sort, count }: Asked): string => {
  const parts = criteria.map(({ name, modifier, value }) => `${name}${modifier ? `:${modifier}` : ""}=${encodeURIComponent(value)}`);
  if (sort.length > 0) parts.push(`_sort=${sort.map(([name, desc]) => (desc ? `-${name}` : name)).join(",")}`);
  return `/${type}?${[...parts, `_count=${count}`].join("&")}`;
};

const inOrder = (a: string | number | undefined, b: string | number | undefined, desc: boolean): number => {
  if (a === b) return 0;
  if (a === undefined) return 1;
  if (b === undefined) return -1;
  return (a < b ? -1 : 1) * (desc ? -1 : 1);
};

interface Asked {
  type: string;
  criteria: Criterion[];
  sort: [string, boolean][];
  count: number;
}

/** What is wrong with an answer, held to the slow filter; undefined when nothing is. */
function faultOf(all: Resource[], asked: Asked, found: string[]): string | undefined {
  const expected = all.filter((it) => it.resourceType === asked.type && asked.criteria.every((criterion) => fulfils(all, it, criterion)));
  if (JSON.stringify(found.toSorted()) !== JSON.stringify(expected.map((it) => it.id).toSorted())) {
    return `found    ${found.toSorted()}\n  expected ${expected.map((it) => it.id).toSorted()}`;
  }
  const values = found.map((id) => {
    const it = all.find((one) => one.resourceType === asked.type && one.id === id) as Resource;
    return asked.sort.map(([name, desc]) => sortValue(it, name, desc));
  });
  const isSorted = values.every((row, index) => {
    if (index === 0) return true;
    const before = values[index - 1] as typeof row;
    const first = asked.sort.findIndex((_, key) => before[key] !== row[key]);
    return first < 0 || inOrder(before[first], row[first], asked.sort[first]?.[1] ?? false) < 0;
  });
  return isSorted ? undefined : `is not in order: ${JSON.stringify(values)}`;
}

/** Ends so small that next to every chain is probed; some are listed, so that both are seen in one search. */
const PROBING: ChainLimits[][] = [0, 3].map((maxListed) => [{ maxListed, maxProbed: 100_000, maxCounted: 100_000, timeoutMs: 60_000 }]);

/** The ids on all pages, and how many a count says there are, without HTTP: with chainLimits of the plan that it does not take on its own. */
async function planned({ caller }: Mesh, asked: Asked, chainLimits: ChainLimits[]): Promise<{ ids: string[]; count: number }> {
  const { directory } = caller.getLocalService("api") as unknown as WithDirectory;
  const mesh = { caller, directory, chainLimits };
  const pairs = [...new URL(urlOf(asked), "http://x").searchParams];
  const search = parseSearch(asked.type, pairs, { base: "", handling: "strict" });
  const ids: string[] = [];
  let after: PageOfRows["next"];
  do {
    const page = await searchPage(mesh, { type: asked.type, search, limit: asked.count, maxBytes: 4_000_000, ...(after && { after }) });
    ids.push(...page.rows.map(({ id }) => id));
    after = page.next;
  } while (after);
  return { ids, count: await countMatches(mesh, asked.type, search) };
}

const leadsOn = ({ criteria }: Asked): boolean => criteria.some(({ name }) => name.includes(".") || name.startsWith("_has:"));

describe.each(["sqlite", "mongo"] as const)("searches over all services on %s, held to a slow filter over all resources", (store) => {
  const { worlds, queries } = CASES[store];
  let mesh: Mesh;
  let fhir: FhirHttp;
  beforeAll(async () => {
    mesh = await startMesh({ services: [...SYSTEMS.provider], nats: false, split: "broker", store, env: { RULES: "off" } }); // made at random
    fhir = fhirAt(mesh.base);
  }, 60_000);
  afterAll(() => mesh?.stop(), 60_000);

  it(`find the same, in order, on all pages: ${worlds * queries} cases`, async () => {
    for (const [number, all] of fc.sample(world, { numRuns: worlds, seed: SEED }).entries()) {
      const entry = all.map((resource) => ({ resource, request: { method: "PUT", url: `${resource.resourceType}/${resource.id}` } }));
      const stored = await fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry });
      if (stored.status !== 200) throw new Error(stored.text.slice(0, 2_000));

      const wrong: string[] = [];
      for (const [index, asked] of (fc.sample(query, { numRuns: queries, seed: SEED + number }) as Asked[]).entries()) {
        const url = urlOf(asked);
        const { resources } = await fhir.all(url).catch((error: Error) => ({ resources: [{ id: error.message }] }));
        const found = resources.map((it) => it.id as string);
        const fault = faultOf(all, asked, found);
        if (fault) wrong.push(`${url}\n  ${fault}`);
        if (fault || !leadsOn(asked)) continue;
        const { ids, count } = await planned(mesh, asked, PROBING[index % PROBING.length] as ChainLimits[]);
        const otherwise = faultOf(all, asked, ids) ?? (count === ids.length ? undefined : `are ${ids.length}, counted as ${count}`);
        if (otherwise) wrong.push(`${url}\n  by probing: ${otherwise}`);
      }
      if (wrong.length > 0) throw new Error(`World ${number}, ${wrong.length} of ${queries} are wrong:\n${wrong.slice(0, 12).join("\n")}`);
    }
  }, 300_000);
});
