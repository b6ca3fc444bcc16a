/** The patient's record, and every FHIR type of R4 that no other service owns. `records` has no actions of its own: others reach it over FHIR. */

/** The FHIR types that `records` owns (of Observation those that are not the laboratory's). */
export const recordsTypes = [
  "ActivityDefinition", "AdverseEvent", "AllergyIntolerance", "AuditEvent", "Basic", "Binary",
  "BiologicallyDerivedProduct", "BodyStructure", "Bundle", "CapabilityStatement", "CarePlan", "CatalogEntry",
  "ClinicalImpression", "Communication", "CommunicationRequest", "CompartmentDefinition", "Composition", "Condition",
  "Consent", "DetectedIssue", "DeviceDefinition", "DeviceMetric", "DeviceRequest", "DeviceUseStatement",
  "DocumentManifest", "DocumentReference", "EffectEvidenceSynthesis", "EventDefinition", "Evidence",
  "EvidenceVariable", "ExampleScenario", "FamilyMemberHistory", "Flag", "Goal", "GraphDefinition", "GuidanceResponse",
  "Immunization", "ImmunizationEvaluation", "ImmunizationRecommendation", "ImplementationGuide", "Library", "Linkage",
  "List", "Measure", "MeasureReport", "MedicinalProduct", "MedicinalProductAuthorization",
  "MedicinalProductContraindication", "MedicinalProductIndication", "MedicinalProductIngredient",
  "MedicinalProductInteraction", "MedicinalProductManufactured", "MedicinalProductPackaged",
  "MedicinalProductPharmaceutical", "MedicinalProductUndesirableEffect", "MessageDefinition", "MessageHeader",
  "MolecularSequence", "NutritionOrder", "ObservationDefinition", "OperationDefinition", "OperationOutcome",
  "Parameters", "PlanDefinition", "Procedure", "Provenance", "Questionnaire", "QuestionnaireResponse", "RequestGroup",
  "ResearchDefinition", "ResearchElementDefinition", "ResearchStudy", "ResearchSubject", "RiskAssessment",
  "RiskEvidenceSynthesis", "SearchParameter", "SpecimenDefinition", "StructureDefinition", "StructureMap",
  "Subscription", "SubstanceNucleicAcid", "SubstancePolymer", "SubstanceProtein", "SubstanceReferenceInformation",
  "SubstanceSourceMaterial", "SubstanceSpecification", "Task", "TerminologyCapabilities", "TestReport", "TestScript",
  "VerificationResult", "VisionPrescription", "Observation",
] as const;
