/** Registration of who is not known, of who was born here, and what is put right later. */
import { type Clinic, refusal, startClinic } from "../../test/kit/clinic.ts";
import type { Patient } from "../../fhir/r4.ts";
import { ownerOf } from "../../federation/owner-contract.ts";
import { IdentifierTable } from "../../fhir/identifier-systems.ts";
import { patients, type Registration } from "./patients.contract.ts";
import PatientsService from "./patients.service.ts";

const NHS = "https://fhir.nhs.uk/Id/nhs-number";
const ada: Registration = { family: "Rossi", given: ["Ada"], gender: "female" };

describe("identifiers", () => {
  const table = new IdentifierTable([{ system: "urn:hospital", separators: "/", form: "[A-Z]\\d{4}" }]);

  it.each([
    [NHS, "943 476 5919", "9434765919", true],
    [NHS, "943-476-5918", "9434765918", false],
    [NHS, "943 476 591", "943476591", false],
    ["http://ns.electronichealth.net.au/id/hi/ihi/1.0", "8003 6012 3456 7895", "8003601234567895", false],
    ["http://ns.electronichealth.net.au/id/hi/ihi/1.0", "8003 6080 0000 0570", "8003608000000570", true],
    ["urn:oid:1.2.250.1.213.1.4.8", "2 55 08 14 168 025 38", "255081416802538", true],
    ["urn:oid:1.2.250.1.213.1.4.8", "2 55 08 14 168 025 39", "255081416802539", false],
    ["urn:oid:1.2.752.129.2.1.3.1", "19811218-9876", "198112189876", true],
    ["urn:oid:1.2.752.129.2.1.3.1", "811218-9875", "8112189875", false],
    ["http://hl7.org/fhir/sid/us-ssn", "999-12-3456", "999123456", true],
    ["http://hl7.org/fhir/sid/us-ssn", "999\u201112\u20133456", "999123456", true],
    ["http://hl7.org/fhir/sid/us-ssn", "999\u221212\uff0d3456", "999123456", true],
    ["urn:hospital", "a/12 34", "A1234", true],
    ["urn:hospital", "a123", "A123", false],
    ["urn:any", " Ab 1", " Ab 1", true],
  ])("of %s: %s is stored as %s, and is one: %s", (system, value, stored, isOne) => {
    expect([table.normalized(system, value), table.isValid(system, stored)]).toEqual([stored, isOne]);
  });
});

describe("an identifier, however it is spelt,", () => {
  it.each([
    "  MRN 0123456789 ",
    "mrn0123456789",
    "ＭＲＮ０１２３４５６７８９",
    "MRN٠١٢٣٤٥٦٧٨٩",
    "MRN۰۱۲۳۴۵۶۷۸۹",
    "MRN०१२३४५६७८९",
    "MRN\u200b01\u00ad23456\u034f789",
    "\u200fMRN\u00a00123456789\u2060",
    "MRN𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
  ])("is one: %j", (value) => {
    const table = new IdentifierTable();
    expect(table.keyOf("urn:mrn", value)).toBe(table.keyOf("urn:mrn", "MRN0123456789"));
  });
});

describe("the front desk", () => {
  let clinic: Clinic;
  beforeAll(async () => {
    clinic = await startClinic(PatientsService);
  });
  afterAll(() => clinic.stop());
  const read = (reference: string) => clinic.read("patients", reference) as unknown as Promise<Patient>;

  it("registers without an identifier or a birth date, under a number of the hospital", async () => {
    const { patient } = await patients.register(clinic.caller, ada);
    const { identifier, birthDate } = await read(patient);
    expect(identifier).toEqual([{ use: "official", system: "urn:openward:patient-number", value: expect.stringMatching(/^\w{4}-\w{4}$/) }]);
    expect(birthDate).toBeUndefined();
  });

  it.each<[string, { given?: string[] }]>([
    ["without given names", {}],
    ["with an empty list of them", { given: [] }],
  ])("registers a person with one name, %s, and finds them again by it", async (_, given) => {
    const born = given.given === undefined ? "1954-03-08" : "1961-07-09";
    const sidi = { family: `Suharto${born.slice(0, 4)}`, gender: "male" as const, birthDate: born };
    const { patient } = await patients.register(clinic.caller, { ...sidi, ...given, otherNames: [{ family: "سيدي", language: "ar" }] });
    expect((await read(patient)).name).toEqual([
      { use: "official", family: sidi.family },
      { use: "usual", family: "سيدي", extension: [{ url: expect.any(String), valueCode: "ar" }] },
    ]);
    await expect(patients.register(clinic.caller, { ...sidi, ...given })).rejects.toMatchObject({
      type: "POSSIBLE_DUPLICATE",
      data: { candidates: [{ patient, grade: "probable" }] },
    });
    for (const about of [
      { family: sidi.family, birthDate: born.slice(0, 4) },
      { family: sidi.family, birthDate: born, given: ["Ali"] },
    ]) {
      const [found] = await patients.candidates(clinic.caller, { ...about, gender: "male" });
      expect(found).toMatchObject({ patient, grade: "possible" });
    }
    await patients.update(clinic.caller, { patient, given: ["Muhammad"] });
    expect((await read(patient)).name?.[0]).toEqual({ use: "official", family: sidi.family, given: ["Muhammad"] });
    await patients.update(clinic.caller, { patient, given: [] });
    expect((await read(patient)).name?.[0]).toEqual({ use: "official", family: sidi.family });
  });

  it("accepts a name in two scripts, addresses, and next of kin", async () => {
    const { patient } = await patients.register(clinic.caller, {
      family: "Benali",
      given: ["Fatima"],
      gender: "female",
      otherNames: [{ family: "بن علي", given: ["فاطمة"], language: "ar" }],
      addresses: [{ line: ["12 rue Didouche"], city: "Alger", country: "DZ" }],
      contacts: [{ family: "Benali", given: ["Karim"], relation: "SPS", phone: "+213 21 00 00 00" }],
      identifiers: [{ system: NHS, value: "943 476 5919" }],
    });
    expect(await read(patient)).toMatchObject({
      name: [
        { use: "official", family: "Benali" },
        { use: "usual", family: "بن علي", given: ["فاطمة"], extension: [{ valueCode: "ar" }] },
      ],
      address: [{ use: "home", line: ["12 rue Didouche"], city: "Alger", country: "DZ" }],
      contact: [
        { relationship: [{ coding: [{ code: "N" }] }, { coding: [{ code: "SPS" }] }], name: { family: "Benali", given: ["Karim"] } },
      ],
      identifier: [{ use: "official" }, { system: NHS, value: "9434765919" }],
    });
  });

  it("refuses a contact person who is to the patient what nobody can be", async () => {
    const contacts = [{ family: "Benali", relation: "NEIGHBOUR" as "FRND" }];
    await expect(patients.register(clinic.caller, { ...ada, contacts })).rejects.toEqual(refusal(422, "VALIDATION_ERROR"));
  });

  it("refuses an identifier with a wrong check digit, and recognises one in any spelling", async () => {
    const register = (value: string) => patients.register(clinic.caller, { ...ada, identifier: { system: NHS, value } });
    await expect(register("943 476 5918")).rejects.toEqual(refusal(422, "IDENTIFIER_INVALID"));
    const { patient } = await register("401 023 2137");
    await expect(register("401-023-2137")).rejects.toMatchObject({ type: "PATIENT_ALREADY_REGISTERED", data: { patient } });
  });

  it("asks for a national number, an insurance number and one of a passport, and stores each with its kind", async () => {
    const systems = await patients.listNumberSystems(clinic.caller, {});
    expect(systems.map(({ type }) => type)).toEqual(["NI", "MB", "PPN"]);
    const [national, insurance] = systems.map(({ system }) => system);
    const identifiers = [
      { system: national ?? "", value: "1 09 75-0123/4" },
      { system: insurance ?? "", value: "ab 12" },
    ];
    const { patient } = await patients.register(clinic.caller, { family: "Haddad", given: ["Lina"], gender: "female", identifiers });
    const ofKind = (code: string) => ({ coding: [{ system: "http://terminology.hl7.org/CodeSystem/v2-0203", code }] });
    const stored = [
      { system: national, value: "1097501234", type: ofKind("NI") },
      { system: insurance, value: "AB12", type: ofKind("MB") },
    ];
    expect((await read(patient)).identifier).toEqual([expect.objectContaining({ use: "official" }), ...stored]);
    const brother = { family: "Haddad", given: ["Sami"], gender: "male" as const, identifiers: identifiers.slice(0, 1) };
    const refused = expect.objectContaining({ code: 409, type: "PATIENT_ALREADY_REGISTERED", data: { patient } });
    await expect(patients.register(clinic.caller, { ...brother, confirm: "her brother" })).rejects.toEqual(refused);
    // A family may share the number of its insurance.
    const { patient: other } = await patients.register(clinic.caller, {
      ...brother,
      identifiers: identifiers.slice(1),
      confirm: "her brother",
    });
    await patients.update(clinic.caller, { patient: other, identifiers: [{ system: national ?? "", value: "1097501235" }] });
    expect((await read(other)).identifier).toContainEqual({ system: national, value: "1097501235", type: ofKind("NI") });
  });

  it("registers an unknown patient under a temporary name and number, which become old ones once the person is known", async () => {
    const { patient, identifier } = await patients.registerUnknown(clinic.caller, { gender: "male", birthDate: "1960" });
    const unknown = await read(patient);
    expect(unknown.identifier).toEqual([{ use: "temp", ...identifier }]);
    expect(unknown.name).toMatchObject([{ use: "temp", family: "Unknown", extension: [{ valueCode: "temp-unknown" }] }]);
    const known = { family: "Verdi", given: ["Gino"], birthDate: "1961-04-05", identifiers: [{ system: "urn:id", value: "V1" }] };
    await patients.update(clinic.caller, { patient, ...known });
    const { name, identifier: numbers, birthDate, gender } = await read(patient);
    expect(name).toMatchObject([
      { use: "official", family: "Verdi", given: ["Gino"] },
      { use: "old", family: "Unknown" },
    ]);
    expect(name?.[0]).not.toHaveProperty("extension");
    expect(numbers).toMatchObject([
      { use: "official", system: "urn:id", value: "V1" },
      { use: "old", value: identifier.value },
    ]);
    expect([birthDate, gender]).toEqual(["1961-04-05", "male"]);
  });

  it("registers twins with their mother, whose record names both, and refuses an unknown mother", async () => {
    const { patient: mother } = await patients.register(clinic.caller, { ...ada, birthDate: "1990-01-01" });
    const born = (multipleBirth: number) =>
      patients.registerNewborn(clinic.caller, { mother, gender: "female", birthDate: "2026-01-01", multipleBirth });
    const twins = await Promise.all([born(1), born(2)]);
    const { link = [] } = await read(mother);
    for (const [index, { patient, identifier }] of twins.entries()) {
      expect(await read(patient)).toMatchObject({
        identifier: [{ use: "official", ...identifier }],
        name: [{ use: "temp", family: "Rossi", given: ["Newborn"] }],
        multipleBirthInteger: index + 1,
      });
    }
    const related = await Promise.all(link.map(({ other }) => clinic.read("patients", other.reference ?? "")));
    expect(link.map(({ type }) => type)).toEqual(["seealso", "seealso"]);
    expect(new Set(related.map((one) => (one.patient as { reference: string }).reference))).toEqual(
      new Set(twins.map(({ patient }) => patient)),
    );
    expect(related[0]).toMatchObject({ relationship: [{ coding: [{ code: "MTH" }] }], name: [{ family: "Rossi", given: ["Ada"] }] });
    const child = { gender: "male", birthDate: "2026-01-01" } as const;
    await expect(patients.registerNewborn(clinic.caller, { ...child, mother: "Patient/none" })).rejects.toEqual(refusal(404, "NOT_FOUND"));
    const closed = JSON.stringify({ resourceType: "Patient", active: false });
    await ownerOf("patients").write(clinic.caller, { steps: [{ op: "create", type: "Patient", id: "closed", text: closed }] });
    await expect(patients.registerNewborn(clinic.caller, { ...child, mother: "Patient/closed" })).rejects.toEqual(
      refusal(409, "MOTHER_NOT_ACTIVE"),
    );
  });

  it("registers no child as that of a man, whose record was taken for the mother's, until the sex in it is corrected", async () => {
    const { patient: mother } = await patients.register(clinic.caller, { ...ada, gender: "male", birthDate: "1988", confirm: "x" });
    const born = () => patients.registerNewborn(clinic.caller, { mother, gender: "female", birthDate: "2026-01-01" });
    await expect(born()).rejects.toEqual(refusal(422, "MOTHER_MALE"));
    await patients.update(clinic.caller, { patient: mother, gender: "female" });
    await expect(born()).resolves.toMatchObject({ version: 1 });
  });

  it.each([
    ["1990-05-05", "1990-05-04", "1990-05-05"],
    ["1990-05", "1990-04-30", "1990-05-01"],
    ["1990", "1989-12-31", "2026-01-01"],
  ])("registers no child of a mother born %s as born %s, before her; one born %s it does", async (born, before, since) => {
    const { patient: mother } = await patients.register(clinic.caller, { ...ada, birthDate: born, confirm: "another person" });
    const child = (birthDate: string) => patients.registerNewborn(clinic.caller, { mother, gender: "female", birthDate });
    await expect(child(before)).rejects.toEqual(refusal(422, "BORN_BEFORE_MOTHER"));
    await expect(child(since)).resolves.toMatchObject({ version: 1 });
  });

  it("registers no child of a mother twice, also by two desks at once, and names the existing one", async () => {
    const { patient: mother } = await patients.register(clinic.caller, {
      ...ada,
      given: ["Mina"],
      birthDate: "1991-01-01",
      confirm: "another",
    });
    const born = (more: object = {}) =>
      patients.registerNewborn(clinic.caller, { mother, gender: "female", birthDate: "2026-03-29", ...more });
    const both = await Promise.allSettled([born({ multipleBirth: 1 }), born({ multipleBirth: 1 })]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const patient = both.flatMap((one) => (one.status === "fulfilled" ? one.value.patient : []))[0];
    const refused = { code: 409, type: "CHILD_ALREADY_REGISTERED", data: { patient } };
    for (const again of [{ multipleBirth: 1 }, { multipleBirth: 1, gender: "male" }, {}, { birthDate: "2026-03" }]) {
      await expect(born(again)).rejects.toMatchObject(refused);
    }
    await born({ multipleBirth: 2 });
    await born({ gender: "male" }); // a third, of whom nobody has said so
    await born({ birthDate: "2024-05-01" });
  });

  it("corrects the given elements only, also with concurrent writes", async () => {
    const { patient } = await patients.register(clinic.caller, { ...ada, birthDate: "1980-02-28", phone: "1" });
    const before = await read(patient);
    await Promise.all([
      patients.update(clinic.caller, { patient, birthDate: "1980-02-29" }),
      patients.update(clinic.caller, { patient, phone: "2" }),
      patients.update(clinic.caller, { patient, given: ["Ada", "Maria"] }),
    ]);
    const { meta: _, ...after } = await read(patient);
    const { meta: __, ...expected } = before;
    expect(after).toEqual({
      ...expected,
      birthDate: "1980-02-29",
      telecom: [{ system: "phone", value: "2" }],
      name: [{ use: "official", family: "Rossi", given: ["Ada", "Maria"] }],
    });
    const stale = patients.update(clinic.caller, { patient, phone: "3", version: 3 });
    await expect(stale).rejects.toEqual(refusal(409, "PATIENT_CHANGED"));
    expect(await patients.update(clinic.caller, { patient, phone: "3", version: 4 })).toMatchObject({ version: 5 });
    await expect(patients.update(clinic.caller, { patient: "Patient/none", phone: "3" })).rejects.toEqual(refusal(404, "NOT_FOUND"));
    await expect(patients.update(clinic.caller, { patient, family: " " })).rejects.toEqual(refusal(422, "VALIDATION_ERROR"));
    const taken = { system: "urn:mrn", value: "taken" };
    const { patient: other } = await patients.register(clinic.caller, { ...ada, identifier: taken });
    const own = await patients.register(clinic.caller, { ...ada, identifier: { system: "urn:mrn", value: "own" } });
    await expect(patients.update(clinic.caller, { patient: own.patient, identifiers: [taken] })).rejects.toMatchObject({
      code: 409,
      type: "PATIENT_ALREADY_REGISTERED",
      data: { patient: other },
    });
  });

  it("lists records from FHIR that are probably of one person, except those with a stated reason why they are not", async () => {
    const sent = { resourceType: "Patient", birthDate: "1951-03-08", gender: "male", telecom: [{ system: "phone", value: "0550123456" }] };
    const create = (id: string, given: string) => {
      const text = JSON.stringify({ ...sent, id, name: [{ family: "Abdelmalek", given: [given] }] });
      return ownerOf("patients").write(clinic.caller, { steps: [{ op: "create", type: "Patient", id, text }] });
    };
    const pairs = async () => (await patients.listDuplicates(clinic.caller, {})).map((one) => [...one.patients, one.grade]);
    const before = await pairs();
    await create("once", "Tarek");
    expect(await pairs()).toEqual(before);
    await create("twice", "Tarek");
    expect(await pairs()).toContainEqual(["Patient/once", "Patient/twice", expect.stringMatching(/certain|probable/)]);
    const said = { family: "Abdelmalek", given: ["Tarek"], birthDate: "1951-03-08", gender: "male" as const, phone: "0550123456" };
    const { patient } = await patients.register(clinic.caller, { ...said, confirm: "his cousin" });
    expect((await pairs()).flat()).not.toContain(patient);
    const told = { patient: "Patient/once", other: "Patient/twice" };
    await patients.setDistinct(clinic.caller, { ...told, reason: "twins with one name" });
    expect(await pairs()).toEqual(before);
    await patients.setDistinct(clinic.caller, told);
    expect((await pairs()).flat()).toContain("Patient/twice");
    await expect(patients.setDistinct(clinic.caller, { ...told, other: "Patient/once" })).rejects.toEqual(refusal(409, "SAME_PATIENT"));
    await expect(patients.setDistinct(clinic.caller, { ...told, other: "Patient/none" })).rejects.toEqual(refusal(404, "NOT_FOUND"));
  });
});
