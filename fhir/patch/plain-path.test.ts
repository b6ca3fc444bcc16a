import { EvaluationBudget, TooCostly } from "../expressions/budget.ts";
import { type Location, locate } from "../fhirpath.ts";
import { parseJson } from "../json.ts";
import type { Resource } from "../resource.ts";
import { NotPlain } from "../validate/rules/parse-expression.ts";
import { locatePlain } from "./plain-path.ts";

const patient = parseJson(`{
  "resourceType": "Patient", "id": "p", "active": true, "birthDate": "1980-01-01", "_birthDate": { "extension": [{ "url": "t", "valueString": "x" }] },
  "extension": [{ "url": "http://a.example/x", "valueString": "a" }, { "url": "http://a.example/y", "valueDecimal": 2.50 }],
  "identifier": [{ "system": "http://mrn.example", "value": "1" }, { "system": "http://ssn.example", "value": "2" }, { "value": "it's" }],
  "name": [
    { "use": "official", "family": "A", "given": ["B", "C"], "period": { "start": "2020" } },
    { "use": "usual", "given": [null, "E"], "_given": [{ "id": "g" }, null] }
  ],
  "telecom": [{ "system": "phone", "value": "1", "rank": 1 }, { "system": "phone", "value": "2", "rank": 2 }, { "system": "email", "value": "a@b" }],
  "contact": [{ "name": { "family": "X" }, "telecom": [{ "system": "phone", "value": "3" }] }, { "gender": "male" }],
  "deceasedBoolean": false, "maritalStatus": { "coding": [{ "system": "s", "code": "M" }, { "system": "t", "code": "M" }] },
  "contained": [{ "resourceType": "Organization", "id": "o", "name": "O", "alias": ["P"] }],
  "text": { "status": "empty", "div": "<div xmlns='http://www.w3.org/1999/xhtml'/>" }
}`) as Resource;

const observation = parseJson(`{
  "resourceType": "Observation", "status": "final", "code": { "text": "c" }, "valueQuantity": { "value": 2.50, "unit": "mg" },
  "component": [{ "code": { "coding": [{ "code": "1" }] }, "valueInteger": 7 }, { "code": { "text": "2" }, "valueString": "a" }]
}`) as Resource;

/** The library names a choice without its type, and the plain path as JSON does. */
const place = (locations: Location[]): string[] =>
  locations.map((location) => location.join(".").replace(/\b(value|deceased)[A-Z]\w*/g, "$1"));

describe("a plain path", () => {
  it.each([
    "Patient",
    "Patient.name",
    "name",
    "Patient.name[0]",
    "Patient.name[0].given",
    "Patient.name[1].given",
    "Patient.name[1].given[0]",
    "Patient.name.given",
    "Patient.name.given[2]",
    "Patient.name.given.last()",
    "Patient.name.first().family",
    "Patient.name.tail()",
    "Patient.name.skip(1).given.take(1)",
    "Patient.name[7]",
    "Patient.birthDate",
    "Patient.gender",
    "Patient.deceased",
    "Patient.deceased.ofType(boolean)",
    "Patient.deceased.ofType(dateTime)",
    "Patient.extension('http://a.example/x')",
    "Patient.extension('http://a.example/x').value",
    "Patient.extension.where(url = 'http://a.example/y').value",
    "Patient.identifier.where(system = 'http://mrn.example')",
    "Patient.identifier.where(system = 'http://mrn.example').value",
    "Patient.identifier.where('http://mrn.example' = system)",
    "Patient.identifier.where(system != 'http://mrn.example')",
    "Patient.identifier.where(value = 'it\\'s')",
    "Patient.identifier.where(value = 'it\\u0027s')",
    "Patient.identifier.where(system.empty())",
    "Patient.identifier.where(system.exists() and value = '2')",
    "Patient.identifier.where(system.exists().not() or value = '2')",
    "Patient.identifier.where(system.startsWith('http://s'))",
    "Patient.telecom.where(system = 'phone' and rank = 2)",
    "Patient.telecom.where(system = 'phone').where(rank = 1).value",
    "Patient.telecom.where(rank = 1 xor system = 'email')",
    "Patient.telecom.where(rank = 1 implies system = 'email')",
    "Patient.name[0].where(given.exists($this = 'C')).family",
    "Patient.name[0].given.where($this = 'C')",
    "Patient.name.where($this.use = 'usual')",
    "Patient.name.where(given = 'E')",
    "Patient.name.where(period.exists())",
    "Patient.maritalStatus.coding.where(system = 's' and code = 'M')",
    "Patient.contact.where(telecom.where(system = 'phone').exists()).name",
    "Patient.contact.where(name.family = 'X').telecom[0].value",
    "Patient.contained[0].alias",
    "Patient.contained.where(id = 'o')",
    "Patient.contained.name",
    "Patient.text.div",
    "Patient.where(active = true).name",
    "Patient.where(active).name[0]",
    "Patient.where(true).name[0]",
  ])("finds what the library finds: %s", (path) => {
    expect(place(found(path, patient))).toEqual(place(locate(path, patient)));
  });

  it.each(["Observation.value", "Observation.value.unit", "Observation.component.value", "Observation.component.where(value.exists())[1]"])(
    "finds a choice by its name in FHIRPath: %s",
    (path) => {
      expect(place(found(path, observation))).toEqual(place(locate(path, observation)));
    },
  );

  it.each([
    "Patient.name.`given`",
    "Patient.name.where(family.matches('A'))",
    "Patient.name.where(family.`matches`('A'))",
    "Patient.name.where(birthDate = '1980-01-01')",
    "Patient.where(birthDate = '1980-01-01')",
    "Patient.extension.where(value = 2.5)",
    "Patient.name.given.where(length() > 1)",
    "Patient.name.where(%resource.active)",
    "Patient.repeat(name)",
    "Patient.descendants()",
    "Patient.name | Patient.contact.name",
    "Patient.nmae",
    "Patient.birthDate.extension",
    "Patient.name.select(given)",
    "Patient.name.where(family & 'a' = 'Aa')",
    "Patient.name[-1]",
    "Patient.name.count()",
    "1 + 1",
    "Patient.name[",
  ])("leaves to the worker: %s", (path) => {
    expect(() => found(path, patient)).toThrow(NotPlain);
  });

  it("is charged for what it looks at, so that none takes long", () => {
    const name = Array.from({ length: 20_000 }, (_, index) => ({ family: `f${index}` }));
    const many = { resourceType: "Patient", name };
    const cost = (path: string): number => {
      const budget = new EvaluationBudget();
      locatePlain(path, many, budget);
      return new EvaluationBudget().steps - budget.steps;
    };
    expect(cost("Patient.name.where(family = 'x')")).toBeGreaterThan(20_000);
    expect(cost("Patient.name.where(family = 'x')")).toBeLessThan(200_000);
    expect(() => cost(`Patient.name${".where(family.exists())".repeat(40)}`)).toThrow(TooCostly);
  });
});

const found = (path: string, resource: Resource): Location[] => locatePlain(path, resource, new EvaluationBudget());
