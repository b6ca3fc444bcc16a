/** The patient's record, all FHIR types that no other service owns, and signatures. */
import { action } from "../../mesh/contract.ts";
import type { SeenVersion } from "../../mesh/seen-version-contract.ts";

/** Types of which each version is an event, `fhir.TYPE`. */
export const emits = ["AllergyIntolerance", "Condition", "DocumentReference", "Flag"];

/** The FHIR types that `records` owns (of Observation those that are not the laboratory's). */
export const owns = [
  "ActivityDefinition",
  "AdverseEvent",
  "AllergyIntolerance",
  "Basic",
  "Binary",
  "BiologicallyDerivedProduct",
  "BodyStructure",
  "Bundle",
  "CapabilityStatement",
  "CarePlan",
  "CatalogEntry",
  "ClinicalImpression",
  "Communication",
  "CommunicationRequest",
  "CompartmentDefinition",
  "Composition",
  "Condition",
  "Consent",
  "DetectedIssue",
  "DeviceDefinition",
  "DeviceMetric",
  "DeviceRequest",
  "DeviceUseStatement",
  "DocumentManifest",
  "DocumentReference",
  "EffectEvidenceSynthesis",
  "EventDefinition",
  "Evidence",
  "EvidenceVariable",
  "ExampleScenario",
  "FamilyMemberHistory",
  "Flag",
  "Goal",
  "GraphDefinition",
  "GuidanceResponse",
  "Immunization",
  "ImmunizationEvaluation",
  "ImmunizationRecommendation",
  "ImplementationGuide",
  "Library",
  "Linkage",
  "List",
  "Measure",
  "MeasureReport",
  "MedicinalProduct",
  "MedicinalProductAuthorization",
  "MedicinalProductContraindication",
  "MedicinalProductIndication",
  "MedicinalProductIngredient",
  "MedicinalProductInteraction",
  "MedicinalProductManufactured",
  "MedicinalProductPackaged",
  "MedicinalProductPharmaceutical",
  "MedicinalProductUndesirableEffect",
  "MessageDefinition",
  "MessageHeader",
  "MolecularSequence",
  "NutritionOrder",
  "OperationDefinition",
  "OperationOutcome",
  "Parameters",
  "PlanDefinition",
  "Procedure",
  "Provenance",
  "Questionnaire",
  "QuestionnaireResponse",
  "RequestGroup",
  "ResearchDefinition",
  "ResearchElementDefinition",
  "ResearchStudy",
  "ResearchSubject",
  "RiskAssessment",
  "RiskEvidenceSynthesis",
  "SearchParameter",
  "SpecimenDefinition",
  "StructureDefinition",
  "StructureMap",
  "SubstanceNucleicAcid",
  "SubstancePolymer",
  "SubstanceProtein",
  "SubstanceReferenceInformation",
  "SubstanceSourceMaterial",
  "SubstanceSpecification",
  "Task",
  "TerminologyCapabilities",
  "TestReport",
  "TestScript",
  "VerificationResult",
  "VisionPrescription",
  "Observation",
] as const;

/** One signature of a resource. */
export interface VerifiedSignature {
  /** `Provenance/1`, which contains it. */
  provenance: string;
  /** The signed version, `DiagnosticReport/1/_history/2`; absent if the signature cannot be read. */
  target?: string;
  /** `Practitioner/1` */
  who?: string;
  at?: string; // ISO 8601, UTC
  /** Whether this service made the signature, over exactly this version. */
  isValid: boolean;
  /** Whether, in addition, the current version still has this content: labels may have changed, and references to merged or unmerged records. */
  isCurrent: boolean;
}

/** The signatures of a resource. */
export interface Verification {
  reference: string;
  /** The current version. */
  version: number;
  signatures: VerifiedSignature[];
}

/** Everything that other services may know about `records`. */
export const records = {
  /**
   * Signs the current version of a note (DocumentReference, Composition), DiagnosticReport or MedicationRequest as the signed-in person: makes a
   * Provenance with `signature`. From then on the content can only be changed as a visible amendment. With the `version` that was read, no
   * other one is signed.
   * @throws 409 NOT_FINISHED, CONTENT_CHANGED, 403 NO_PRACTITIONER, 403 NOT_ALLOWED
   */
  sign: action<{ reference: string } & SeenVersion, { provenance: string; target: string; who: string; at: string }>("records.sign"),
  /** Verifies the signatures of a resource. @throws 409 TOO_MANY_SIGNATURES */
  verify: action<{ reference: string }, Verification>("records.verify"),
};
