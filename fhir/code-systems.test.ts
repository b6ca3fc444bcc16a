import { meantAddress } from "./code-systems.ts";

describe("the address of a code system", () => {
  it.each([
    ["https://unitsofmeasure.org", "http://unitsofmeasure.org"],
    ["http://unitsofmeasure.org/", "http://unitsofmeasure.org"],
    ["http://www.unitsofmeasure.org", "http://unitsofmeasure.org"],
    ["HTTP://UnitsOfMeasure.org", "http://unitsofmeasure.org"],
    [" http://loinc.org ", "http://loinc.org"],
    ["loinc.org", "http://loinc.org"],
    ["http://snomed.info/sct/", "http://snomed.info/sct"],
    ["urn:oid:2.16.840.1.113883.6.96", "http://snomed.info/sct"],
    ["https://www.nlm.nih.gov/research/umls/rxnorm", "http://www.nlm.nih.gov/research/umls/rxnorm"],
    ["http://nlm.nih.gov/research/umls/rxnorm", "http://www.nlm.nih.gov/research/umls/rxnorm"],
    ["https://terminology.hl7.org/CodeSystem/location-physical-type", "http://terminology.hl7.org/CodeSystem/location-physical-type"],
    ["http://hl7.org/fhir/sid/icd-10/", "http://hl7.org/fhir/sid/icd-10"],
  ])("%s is another spelling of %s", (system, address) => {
    expect(meantAddress(system)).toBe(address);
    expect(meantAddress(address)).toBeUndefined();
  });

  it.each([
    "urn:iso:std:iso:4217",
    "http://loinc.org.example",
    "http://snomed.info/sct/900000000000207008",
    "https://hospital.example/codes/",
    "",
  ])("%j is a system of its own", (system) => {
    expect(meantAddress(system)).toBeUndefined();
  });
});
