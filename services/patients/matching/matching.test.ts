/** How the same person is found again, and others are not taken for one. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlite } from "../../../store/sqlite/sqlite-store.ts";
import { type Clinic, startClinic } from "../../../test/kit/clinic.ts";
import { measureMatching } from "../../../test/kit/matching.ts";
import type { Patient } from "../../../fhir/r4.ts";
import { fold } from "../../../fhir/search/fold.ts";
import { IdentifierTable } from "../../../fhir/identifier-systems.ts";
import { patients, type Registration } from "../patients.contract.ts";
import { patientKeys } from "../patients.model.ts";
import PatientsService from "../patients.service.ts";
import { readPatientSettings } from "../settings.ts";
import { datesOf } from "./birth-dates.ts";
import { agreementOf, wordsOf } from "./compare.ts";
import { gradeOf, MATCH_WEIGHTS } from "./grade.ts";
import { personOf } from "./person.ts";

it.each([
  ["rossi", "rossi", "same"],
  ["ben ali", "benali", "same"],
  ["rossi", "rosi", "alike"],
  ["schmidt", "smith", "different"],
  ["meyer", "maier", "alike"],
  ["ada", "ada maria", "alike"],
  ["ada", "eva", "different"],
  ["فاطمه", "فاطيمه", "alike"],
  ["فاطمه", "خديجه", "different"],
])("the name %s is to %s: %s", (one, other, level) => {
  expect(wordsOf(one, other)).toBe(level);
});

it.each([
  ["Fatima Zohra", "فاطمة الزهراء", "alike"],
  ["Fatima", "فاطمة الزهراء", "alike"],
  ["Mohamed Amine", "محمد الأمين", "alike"],
  ["Salah Eddine", "صلاح الدين", "alike"],
  ["Tayeb", "الطيب", "alike"],
  ["Ettayeb", "الطيب", "alike"],
  ["Cheikh", "الشيخ", "alike"],
  ["Saïd", "السعيد", "alike"],
  ["Larbi", "العربي", "alike"],
  ["Ilyes", "إلياس", "alike"],
  ["Ilhem", "إلهام", "alike"],
  ["Abdallah", "عبد الله", "alike"],
  ["سعيد", "السعيد", "alike"],
  ["زهراء", "الزهراء", "alike"],
  ["Fatima Zohra", "خديجة الزهراء", "different"],
  ["Tayeb", "العربي", "different"],
  ["Aya", "آلاء", "different"],
  ["سعاد", "السعيد", "different"],
])("the name %s is to %s, in Arabic letters: %s", (one, other, level) => {
  expect(wordsOf(fold(one), fold(other))).toBe(level);
});

it.each([
  ["1980-03-04", "1980-03-04", "same"],
  ["1980-03-04", "1980-04-03", "near"],
  ["1980-03-04", "1981-03-04", "near"],
  ["1980-03-04", "1980-03", "partial"],
  ["1980", "1981-03-04", "around"],
  ["1980", "1982-03-04", "different"],
  ["1980-01-01", "1980-01-01", "presumed"],
  ["1980-01-01", "1980-01-10", "partial"],
  ["1980-07-01", "1980", "partial"],
  ["1980-01-01", "1981-03-04", "around"],
  ["1935-01-01", "1938-01-01", "around"],
  ["1935-01-01", "1965-01-01", "different"],
  ["1980-03-15", "1980-03-15", "same"],
  ["1980-03-15", "1980-03-04", "partial"],
  ["1980-03-15", "1980-08-04", "different"],
  ["1980-03-04", "1991-03-05", "different"],
])("the birth date %s is to %s: %s", (one, other, level) => {
  expect(datesOf(one, other)).toBe(level);
});

describe("two records", () => {
  const table = new IdentifierTable();
  const ada: Patient = {
    resourceType: "Patient",
    name: [{ family: "Rossi", given: ["Ada"] }],
    birthDate: "1980-02-10",
    gender: "female",
    telecom: [{ system: "phone", value: "+39 06 555 1234" }],
    address: [{ line: ["Via Roma 1"], city: "Como" }],
  };
  const gradeFor = (other: Partial<Patient>, one: Patient = ada) =>
    gradeOf(agreementOf(personOf(one, table), personOf({ ...ada, ...other }, table))).grade;
  const name = (family: string, given: string) => [{ family, given: [given] }];

  it.each<[string, Partial<Patient>, string]>([
    ["all alike", {}, "certain"],
    ["a number that is dialled otherwise", { telecom: [{ system: "phone", value: "065551234" }] }, "certain"],
    ["a number in Arabic digits", { telecom: [{ system: "phone", value: "٠٦٥٥٥١٢٣٤" }] }, "certain"],
    ["family and given name taken for one another", { name: name("Ada", "Rossi"), telecom: [], address: [] }, "probable"],
    ["day and month taken for one another", { birthDate: "1980-10-02", telecom: [], address: [] }, "probable"],
    ["a twin", { name: name("Rossi", "Eva") }, "possible"],
    ["a daughter who is called like her mother", { birthDate: "2005-07-31" }, "possible"],
    ["somebody else of that household", { name: name("Rossi", "Carlo"), birthDate: "1975-05-05", gender: "male" }, "certainly-not"],
    ["a stranger", { name: name("Bianchi", "Eva"), birthDate: "1951-11-23", telecom: [], address: [] }, "certainly-not"],
  ])("of %s", (_, other, grade) => {
    expect(gradeFor(other)).toBe(grade);
  });

  it("of two children of one birth belong to two persons", () => {
    const child = (multipleBirthInteger: number): Patient => ({ ...ada, name: name("Rossi", "Newborn"), multipleBirthInteger });
    expect([gradeFor(child(2), child(1)), gradeFor(child(1), child(1))]).toEqual(["possible", "certain"]);
  });

  it("with one personal number are of one person, however it is spelt", () => {
    const identifier = (value: string) => [{ system: "http://hl7.org/fhir/sid/us-ssn", value }];
    const one = { ...ada, identifier: identifier("999-12-3456") };
    expect(gradeFor({ identifier: identifier("999 12 3456"), name: name("Verdi", "Ada"), telecom: [] }, one)).toBe("certain");
  });
});

describe("the front desk", () => {
  const ada: Registration = { family: "Rossi", given: ["Ada"], birthDate: "1980-02-10", gender: "female", phone: "+39 06 5551234" };
  let clinic: Clinic;
  let patient: string;
  beforeAll(async () => {
    clinic = await startClinic(PatientsService);
    ({ patient } = await patients.register(clinic.caller, ada));
  });
  afterAll(() => clinic.stop());

  it("gets the probable duplicate, by id and grade only, and may say why it is another person", async () => {
    const again = { ...ada, family: "Rosi", birthDate: "1980-10-02" };
    await expect(patients.register(clinic.caller, again)).rejects.toMatchObject({
      code: 409,
      type: "POSSIBLE_DUPLICATE",
      data: { candidates: [{ patient, grade: "probable", score: expect.any(Number) }] },
    });
    const { patient: other } = await patients.register(clinic.caller, { ...again, confirm: "her cousin, both were here" });
    expect(await clinic.read("patients", other)).toMatchObject({ extension: [{ valueString: "her cousin, both were here" }] });
  });

  it("gets it by name and birth date alone: that each registration is given a number of its own says nothing about the person", async () => {
    const gino: Registration = { family: "Verdi", given: ["Gino"], birthDate: "1970-03-12", gender: "male" };
    const { patient: first } = await patients.register(clinic.caller, gino);
    await expect(patients.register(clinic.caller, { ...gino, birthDate: "1970-12-03" })).rejects.toMatchObject({
      type: "POSSIBLE_DUPLICATE",
      data: { candidates: [{ patient: first, grade: "probable" }] },
    });
    const identifier = { system: "urn:national", value: "1" };
    await expect(patients.register(clinic.caller, { ...gino, birthDate: "1970-12-03", identifier })).rejects.toMatchObject({
      type: "POSSIBLE_DUPLICATE",
    });
  });

  it("registers at once a person who only resembles somebody", async () => {
    await expect(patients.register(clinic.caller, { ...ada, given: ["Bianca"] })).resolves.toMatchObject({ version: 1 });
  });

  it("finds possible matches by what is known, the most probable first", async () => {
    const found = await patients.candidates(clinic.caller, { family: "Rossi", given: ["Ada"], birthDate: "1980-02-10" });
    expect(found[0]).toMatchObject({ patient, grade: "probable" });
    const like = await patients.candidates(clinic.caller, { like: patient, limit: 1 });
    expect(like).toMatchObject([{ grade: "probable" }]);
    expect(like[0]?.patient).not.toBe(patient);
    expect(await patients.candidates(clinic.caller, { family: "Neri", given: ["Gino"] })).toEqual([]);
    await expect(patients.candidates(clinic.caller, { like: "Patient/none" })).rejects.toMatchObject({ code: 404, type: "NOT_FOUND" });
  });
});

describe("the matching file of an operator", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "openward-patients-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const read = (content: object | string) => {
    const file = join(folder, "patients.json");
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    return readPatientSettings(file);
  };

  it("adds identifier systems and changes single weights", () => {
    const { table, weights } = read({
      identifierSystems: [{ system: "urn:card", separators: "/", check: "luhn" }],
      match: { fields: { phone: { same: 9 } }, probable: 21 },
    });
    expect([table.normalized("urn:card", "1/8"), table.isValid("urn:card", "18"), table.isValid("urn:card", "19")]).toEqual([
      "18",
      true,
      false,
    ]);
    expect(weights).toEqual({ ...MATCH_WEIGHTS, fields: { ...MATCH_WEIGHTS.fields, phone: { same: 9, different: -1 } }, probable: 21 });
  });

  it("makes a national number one patient's, also where `use` does not say that it is official", () => {
    const { table } = read({ identifierSystems: [{ system: "urn:nin", separators: "-", isUnique: true }, { system: "urn:card" }] });
    const keysOf = (identifier: object, more: object = {}) =>
      patientKeys(
        { resourceType: "Patient", identifier: [{ system: "urn:nin", value: "1-09 7", ...identifier }], ...more } as Patient,
        table,
      );
    const key = expect.objectContaining({ key: "identifier:urn:nin|1097", error: "PATIENT_ALREADY_REGISTERED", at: "Patient.identifier" });
    for (const identifier of [{}, { use: "usual" }, { use: "official" }, { value: "1097" }]) expect(keysOf(identifier)).toEqual([key]);
    for (const identifier of [{ use: "old" }, { use: "temp" }, { system: "urn:card" }, { value: undefined }]) {
      expect(keysOf(identifier)).toEqual([]);
    }
    expect(keysOf({}, { active: false })).toEqual([]);
  });

  it("names the hospital's own national number, and of a published one no more than that it is that", () => {
    const kinds = (system: object) => read({ identifierSystems: [system] }).table.kinds.filter(({ type }) => type === "NI");
    expect(kinds({ system: "urn:nin", form: "\\d{18}", type: "NI" })).toEqual([{ system: "urn:nin", form: "\\d{18}", type: "NI" }]);
    const ins = { system: "urn:oid:1.2.250.1.213.1.4.8", type: "NI" };
    expect(kinds(ins)).toEqual([{ ...ins, form: "\\d{5}[0-9AB]\\d{9}", check: "mod97" }]);
    expect(kinds({ system: "urn:card" })).toMatchObject([{ system: "urn:openward:national-number", isUnique: true }]);
  });

  it.each([
    ["is no JSON", "{"],
    ["names what there is not", { weights: {} }],
    ["names a field that there is not", { match: { fields: { colour: { same: 1 } } } }],
    ["has a text for a weight", { match: { certain: "32" } }],
    ["has a check digit that there is not", { identifierSystems: [{ system: "urn:a", check: "crc" }] }],
    ["says in words what is unique", { identifierSystems: [{ system: "urn:a", isUnique: "yes" }] }],
    ["asks for numbers of a kind that there is not", { identifierSystems: [{ system: "urn:a", type: "DL" }] }],
    ["has a form that is none", { identifierSystems: [{ system: "urn:a", form: "(" }] }],
  ])("is refused with one sentence when it %s", (_, content) => {
    expect(() => read(content)).toThrow(/^PATIENTS_FILE cannot be used: /);
  });
});

it("of 2,000 people one in ten is found again by a faulty record, or in the other script, and nobody is taken for another", async () => {
  const folder = mkdtempSync(join(tmpdir(), "openward-match-"));
  const store = await openSqlite({
    name: "patients",
    indexVersion: "1",
    reindex: () => ({ keys: [], ranges: [] }),
    file: join(folder, "patients.sqlite"),
  });
  const { recall, precision, twoScripts } = await measureMatching(store, 2_000);
  expect([recall, twoScripts.recall].map((it) => it >= 0.95)).toEqual([true, true]);
  expect([precision, twoScripts.precision].map((it) => it >= 0.99)).toEqual([true, true]);
  await store.close();
  rmSync(folder, { recursive: true });
});
