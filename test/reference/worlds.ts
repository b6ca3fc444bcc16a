/** Small hospitals made at random, and the values that their resources share with the questions asked of them. */
import fc from "fast-check";
import type { Resource } from "./plain.ts";

export const UCUM = "http://unitsofmeasure.org";
export const CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category";
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
export const date = fc.constantFrom(...dates);
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
/** How many of each type a world has. */
export const SIZES: Record<string, number> = { ...N, Observation: 24, Condition: 10, RiskAssessment: 8, ValueSet: 6 };

/** A whole small hospital. */
export const world = fc
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
