import { defineService } from "../../mixins/contract.ts";
import { Fhir } from "../../mixins/fhir/owner.ts";

export default defineService({
  name: "billing",
  mixins: [
    Fhir({
      owns: [
        "Account",
        "ChargeItem",
        "ChargeItemDefinition",
        "Claim",
        "ClaimResponse",
        "Contract",
        "Coverage",
        "CoverageEligibilityRequest",
        "CoverageEligibilityResponse",
        "EnrollmentRequest",
        "EnrollmentResponse",
        "ExplanationOfBenefit",
        "InsurancePlan",
        "Invoice",
        "PaymentNotice",
        "PaymentReconciliation",
      ],
    }),
  ],
  actions: {},
});
