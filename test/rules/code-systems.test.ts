/** Codes are compared with their system: what is spelt in another way would be no penicillin, no bed, and no unit of UCUM. */
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { rulesTable } from "../kit/rules-table.ts";

const RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm";
const UCUM = "http://unitsofmeasure.org";
const LOINC = "http://loinc.org";

rulesTable("code systems", ["wards", "visits", "lab", "pharmacy", "billing"], (at) => {
  const concept = (system: string) => ({ coding: [{ system, code: "1" }] });
  const of = () => ({ subject: at.patient });
  const misspelt = (
    rule: string,
    expression: string,
    { made, address, as }: { made(system: string): object; address: string; as: string },
  ) =>
    at.refuses(rule, `the system ${as}`, {
      create: () => made(as),
      insteadOf: () => made(address),
      as: { status: 422, expression },
    });

  misspelt("observation-systems", "Observation.value.system", {
    made: (system) => ({
      resourceType: "Observation",
      status: "preliminary",
      category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }],
      code: { text: "Haemoglobin" },
      valueQuantity: { value: 1, system, code: "g/dL" },
      ...of(),
    }),
    address: UCUM,
    as: `${UCUM}/`,
  });
  misspelt("service-request-systems", "ServiceRequest.category[0].coding[0].system", {
    made: (system) => ({ resourceType: "ServiceRequest", status: "active", intent: "order", category: [concept(system)], ...of() }),
    address: "http://snomed.info/sct",
    as: "https://snomed.info/sct",
  });
  misspelt("specimen-systems", "Specimen.type.coding[0].system", {
    made: (system) => ({ resourceType: "Specimen", status: "available", type: concept(system), ...of() }),
    address: "http://snomed.info/sct",
    as: "http://snomed.info/sct/",
  });
  misspelt("diagnostic-report-systems", "DiagnosticReport.code.coding[0].system", {
    made: (system) => ({ resourceType: "DiagnosticReport", status: "preliminary", code: concept(system), ...of() }),
    address: LOINC,
    as: "urn:oid:2.16.840.1.113883.6.1",
  });
  const active = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] };
  const allergy = { resourceType: "AllergyIntolerance", criticality: "high", clinicalStatus: active };
  misspelt("allergy-intolerance-systems", "AllergyIntolerance.code.coding[0].system", {
    made: (system) => ({ ...allergy, code: concept(system), patient: at.patient }),
    address: RXNORM,
    as: "https://www.nlm.nih.gov/research/umls/rxnorm",
  });
  const medication = (system: string) => ({ medicationCodeableConcept: concept(system) });
  misspelt("medication-request-systems", "MedicationRequest.medication.coding[0].system", {
    made: (system) => ({ resourceType: "MedicationRequest", status: "draft", intent: "order", ...medication(system), ...of() }),
    address: RXNORM,
    as: `${RXNORM}/`,
  });
  misspelt("medication-dispense-systems", "MedicationDispense.medication.coding[0].system", {
    made: (system) => ({ resourceType: "MedicationDispense", status: "preparation", ...medication(system), ...of() }),
    address: RXNORM,
    as: "HTTP://www.nlm.nih.gov/research/umls/rxnorm",
  });
  misspelt("medication-administration-systems", "MedicationAdministration.medication.coding[0].system", {
    made: (system) => ({
      resourceType: "MedicationAdministration",
      status: "in-progress",
      effectiveDateTime: "2024-05-01",
      ...medication(system),
      ...of(),
    }),
    address: RXNORM,
    as: "http://nlm.nih.gov/research/umls/rxnorm",
  });
  misspelt("medication-systems", "Medication.code.coding[0].system", {
    made: (system) => ({ resourceType: "Medication", code: concept(system) }),
    address: RXNORM,
    as: `${RXNORM}/`,
  });
  misspelt("supply-delivery-systems", "SupplyDelivery.suppliedItem.item.coding[0].system", {
    made: (system) => ({ resourceType: "SupplyDelivery", status: "in-progress", suppliedItem: { itemCodeableConcept: concept(system) } }),
    address: RXNORM,
    as: `${RXNORM}/`,
  });
  misspelt("location-systems", "Location.physicalType.coding[0].system", {
    made: (system) => ({ resourceType: "Location", name: "101", physicalType: { coding: [{ system, code: "ro" }] } }),
    address: "http://terminology.hl7.org/CodeSystem/location-physical-type",
    as: "https://terminology.hl7.org/CodeSystem/location-physical-type",
  });
  misspelt("charge-item-systems", "ChargeItem.code.coding[0].system", {
    made: (system) => ({ resourceType: "ChargeItem", status: "planned", code: concept(system), ...of() }),
    address: LOINC,
    as: `${LOINC}/`,
  });
  misspelt("charge-item-definition-systems", "ChargeItemDefinition.code.coding[0].system", {
    made: (system) => ({ resourceType: "ChargeItemDefinition", url: "urn:price", status: "active", code: concept(system) }),
    address: LOINC,
    as: `${LOINC}/`,
  });

  it("are asked for of what has no identifier too, and by the actions", async () => {
    // By the rules "medication-knowledge-systems" and "supply-delivery-systems".
    const knowledge = (system: string) => at.fhir.create({ resourceType: "MedicationKnowledge", code: concept(system) });
    expect(await knowledge(`${RXNORM}#`)).toMatchObject({
      status: 422,
      body: { issue: [{ expression: ["MedicationKnowledge.code.coding[0].system"], diagnostics: expect.stringContaining(RXNORM) }] },
    });
    expect(await knowledge(RXNORM)).toMatchObject({ status: 201 });
    const receive = (system: string) => pharmacy.receive(at.mesh.caller, { medication: { system, code: "1" }, quantity: 2.5 });
    await expect(receive(`${RXNORM}/`)).rejects.toMatchObject({ code: 422, type: "RULE_SUPPLY_DELIVERY_SYSTEMS" });
    expect(await receive(RXNORM)).toMatchObject({ stock: { quantity: 2.5 } });
  });
});
