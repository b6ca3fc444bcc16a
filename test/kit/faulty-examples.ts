/**
 * HL7's examples that violate R4's own rules: each with the diagnostics of `validate`, why that is correct, and the files. Each was checked against the text
 * of the specification. Only read by a test.
 */
interface Fault {
  diagnostics: string;
  reason: string;
  files: string[];
}

const parameter = (name: string) => `SearchParameter-${name}.json`;

export const faultyExamples: Fault[] = [
  {
    diagnostics: "text.div must hold something to read (txt-2).",
    reason: "The narrative is white space only.",
    files: [
      "ActivityDefinition-blood-tubes-supply.json",
      "ActivityDefinition-heart-valve-replacement.json",
      "EventDefinition-example.json",
      "Questionnaire-zika-virus-exposure-assessment.json",
    ],
  },
  {
    diagnostics: "A reference here leads to Device, not to DeviceDefinition.",
    reason: "DeviceMetric.parent is a Reference(Device).",
    files: ["DeviceMetric-example.json"],
  },
  {
    diagnostics: "A reference here leads to Condition, DiagnosticReport, DocumentReference, Media, Observation, not to Procedure.",
    reason: "DeviceUseStatement.reasonReference may not be a Procedure.",
    files: ["DeviceUseStatement-example.json"],
  },
  {
    diagnostics: "A reference here leads to Organization, not to Practitioner.",
    reason: "MedicationRequest.dispenseRequest.performer is a Reference(Organization).",
    files: ["MedicationRequest-medrx0301.json"],
  },
  {
    diagnostics:
      "A reference here leads to CareTeam, Organization, Patient, Practitioner, PractitionerRole, RelatedPerson, not to Encounter.",
    reason: "Observation.performer may not be an Encounter.",
    files: ["Observation-clinical-gender.json"],
  },
  {
    diagnostics: "A reference must be Type/id, an absolute address, urn:uuid:…, urn:oid:… or #id of a contained resource.",
    reason: "It names a SearchParameter by an id of 67 characters; an id has 64 at most.",
    files: ["ImplementationGuide-fhir.json", "ig-r4.json"],
  },
  {
    diagnostics: "id must be an id: 1 to 64 letters, digits, dashes and points.",
    reason: "That SearchParameter.",
    files: [parameter("questionnaireresponse-extensions-QuestionnaireResponse-item-subject")],
  },
  {
    diagnostics: "ImplementationGuide must have the element name.",
    reason: "ImplementationGuide.name is 1..1.",
    files: ["ImplementationGuide-fhir.json", "ig-r4.json"],
  },
  {
    diagnostics: "ImplementationGuide must have the element status.",
    reason: "ImplementationGuide.status is 1..1.",
    files: ["ImplementationGuide-fhir.json", "ig-r4.json"],
  },
  {
    diagnostics: "item.item must have the element linkId.",
    reason: "Questionnaire.item.linkId is 1..1, also of items in items.",
    files: ["Questionnaire-qs1.json"],
  },
  {
    diagnostics: "SearchParameter must have the element base.",
    reason: "SearchParameter.base is 1..*.",
    files: ["codesystem-extensions-CodeSystem", "valueset-extensions-ValueSet"].flatMap((id) =>
      ["author", "effective", "end", "keyword", "workflow"].map((part) => parameter(`${id}-${part}`)),
    ),
  },
  {
    diagnostics: "text.div must not hold scripts (txt-1): its links are http, https, mailto, tel, or lead to a part of the text.",
    reason: "R4 allows a link of any scheme; this server takes only those that a reader's browser opens. These have one of ftp.",
    files: ["Bundle-valuesets.json", "ValueSet-formatcodes.json"],
  },
  {
    diagnostics: "sdf-4: If the structure is not abstract, then there SHALL be a baseDefinition",
    reason: "These logical models are not abstract and have no base.",
    files: ["Definition", "Event", "FiveWs", "Request"].map((name) => `StructureDefinition-${name}.json`),
  },
  {
    diagnostics:
      "bdl-7: FullUrl must be unique in a bundle, or else entries with the same fullUrl must have different meta.versionId (except in history bundles)",
    reason: "It lists the data elements of Quantity once for each of its specializations, under one address.",
    files: ["Bundle-dataelements.json"],
  },
];
