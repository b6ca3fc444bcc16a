/** Names of tests by language: the catalogue's, and those that a hospital gives. */
import { type Clinic, refusal, startClinic } from "../../../test/kit/clinic.ts";
import { lab } from "../lab.contract.ts";
import LabService from "../lab.service.ts";
import { readCatalogue } from "./catalogue.ts";
import { designationOf, named, renamed } from "./names.ts";

const HAEMOGLOBIN = { system: "http://loinc.org", code: "718-7", display: "Hemoglobin [Mass/volume] in Blood" };
const catalogue = readCatalogue(undefined);
const testOf = ({ tests }: typeof catalogue) => tests.find(({ code }) => code === HAEMOGLOBIN.code);

describe("the catalogue", () => {
  it("has a name of each test, panel and specimen in the languages of the pages", () => {
    const { tests, panels, specimens = [] } = catalogue;
    const unnamed = [...tests, ...panels, ...specimens].filter(({ designation = [] }) =>
      ["fr", "ar"].some((language) => !designation.some((one) => one.language === language && one.value !== "")),
    );
    expect(unnamed).toEqual([]);
    expect(
      [...new Set(tests.map(({ specimen }) => specimen))].filter((kind) => !specimens.some(({ display }) => display === kind)),
    ).toEqual([]);
  });

  it("uses the hospital's names, and its own where there is none", () => {
    const own = renamed(undefined, HAEMOGLOBIN, { language: "fr", name: "Hb" });
    expect(testOf(named(catalogue, [own]))?.designation).toEqual([
      { language: "fr", value: "Hb" },
      { language: "ar", value: "الهيموغلوبين" },
    ]);
    expect(testOf(named(catalogue, [renamed(own, HAEMOGLOBIN, { language: "fr" })]))?.designation).toEqual(
      expect.arrayContaining([{ language: "fr", value: "Hémoglobine" }]),
    );
  });

  it("accepts names from FHIR, with a language and without", () => {
    const plain = { resourceType: "ObservationDefinition" as const, id: "1", code: { coding: [HAEMOGLOBIN] }, preferredReportName: "Hb" };
    expect(testOf(named(catalogue, [plain]))).toMatchObject({ display: "Hb", designation: [] });
    const french = { ...plain, language: "fr" };
    expect(designationOf(french)).toEqual([{ language: "fr", value: "Hb" }]);
    expect(designationOf(renamed(french, HAEMOGLOBIN, { language: "en", name: "Haemoglobin" }))).toEqual([
      { language: "fr", value: "Hb" },
      { language: "en", value: "Haemoglobin" },
    ]);
    expect(designationOf(renamed(french, HAEMOGLOBIN, { language: "fr" }))).toEqual([]);
  });
});

describe("the laboratory", () => {
  let clinic: Clinic;
  beforeAll(async () => {
    clinic = await startClinic(LabService);
  });
  afterAll(() => clinic.stop());

  it("sets a name of the hospital, changes it, and removes it", async () => {
    const name = (language: string, value?: string) =>
      lab.nameTest(clinic.caller, { code: "718-7", language, ...(value && { name: value }) });
    const told = async () =>
      testOf(await lab.listCatalogue(clinic.caller, {}))?.designation?.find(({ language }) => language === "fr")?.value;
    expect((await name("fr", "Hb")).designation).toEqual([{ language: "fr", value: "Hb" }]);
    await name("en", "Haemoglobin");
    expect(await told()).toBe("Hb");
    await name("fr", "Hémoglobine totale");
    expect(await told()).toBe("Hémoglobine totale");
    expect((await name("fr")).designation).toEqual([{ language: "en", value: "Haemoglobin" }]);
    expect(await told()).toBe("Hémoglobine");
  });

  it("names no test that it does not offer, and no invalid language", async () => {
    const seen = { code: "718-7", language: "fr" };
    await lab.nameTest(clinic.caller, { ...seen, name: "Hb" });
    await expect(lab.nameTest(clinic.caller, { ...seen, name: "Hgb", seen: "Taux" })).rejects.toEqual(refusal(409, "NAME_CHANGED"));
    await lab.nameTest(clinic.caller, { ...seen, name: "Hgb", seen: "Hb" });
    await expect(lab.nameTest(clinic.caller, { ...seen, language: "de", name: "Hb", seen: "Hb" })).rejects.toEqual(
      refusal(409, "NAME_CHANGED"),
    );
    await lab.nameTest(clinic.caller, { ...seen, language: "de", name: "Hb", seen: "" }); // it had none
    for (const language of ["fr", "de"]) await lab.nameTest(clinic.caller, { ...seen, language });
    await expect(lab.nameTest(clinic.caller, { code: "1-1", language: "fr", name: "x" })).rejects.toEqual(refusal(404, "TEST_UNKNOWN"));
    await expect(lab.nameTest(clinic.caller, { code: "718-7", language: "French!", name: "x" })).rejects.toMatchObject({ code: 422 });
  });
});
