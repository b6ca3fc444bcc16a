import { numberOf } from "../../fhir/json.ts";
import type {
  Account,
  ChargeItem,
  ChargeItemDefinition,
  Claim,
  FhirResource,
  Money,
  PaymentNotice,
  PaymentReconciliation,
} from "../../fhir/r4.ts";
import { systemsAsListed } from "../../mixins/fhir/rules/systems-as-listed.ts";
import { idOf, refusal, statusSteps, subjectStays } from "../../mixins/fhir/rules/common.ts";
import { finalNotDeleted } from "../../mixins/fhir/rules/deletion.ts";
import { finalStays } from "../../mixins/fhir/rules/final.ts";
import { onePatient, patientRecordRules, patientRecords } from "../../mixins/fhir/rules/patient-record.ts";
import { referencesExist } from "../../mixins/fhir/rules/references-exist.ts";
import type { Rule, RulesOf } from "../../mixins/fhir/rules/rule.ts";
import { STATUS_STEPS } from "../../mixins/fhir/rules/statuses.ts";
import { basePriceOf } from "./acts.model.ts";
import { isPrice, isTooFine, isTooLarge, tooFine } from "./amounts.ts";
import { exponentOf } from "../../fhir/currency-decimals.ts";
import { invoiceRules } from "./invoice-rules.ts";
import { paymentRules } from "./payments/payment-rules.ts";

const charge: Rule<ChargeItem>[] = [
  statusSteps<ChargeItem>("ChargeItem", STATUS_STEPS.ChargeItem, {
    says: "A billed charge stays billed until its Invoice is cancelled in the same transaction; a charge that is on no Invoice here may become billable again.",
    sealed: ["billed"],
    // A counter ensures, in the write itself, that no Invoice names it (`billing.effects.ts`).
    may: ({ before, after }) => before?.status === "billed" && after?.status === "billable",
  }),
  finalStays<ChargeItem>("ChargeItem", { isFinal: ({ status }) => status === "billed", openly: [] }),
  subjectStays<ChargeItem>("ChargeItem", "subject", ({ subject }) => subject),
  ...onePatient<ChargeItem>("ChargeItem"),
  finalNotDeleted<ChargeItem>("ChargeItem", {
    what: "A billed charge",
    isFinal: ({ status }) => status === "billed",
    message: "The charge is on an invoice: cancel that, then delete it.",
  }),
  {
    id: "charge-item-listed",
    group: "deletion",
    says: "A charge that is on an Invoice, even on a cancelled one, is not deleted.",
    check: () => undefined, // the write itself counts the invoices that name it (`billing.effects.ts`)
  },
  {
    id: "charge-item-currency",
    group: "money",
    holdsAlways: true,
    says: "A price in a currency without decimals (JPY) has none.",
    check({ before, after }) {
      const price = after?.priceOverride;
      if (!price || before?.priceOverride?.value === price.value || !hasNoDecimals(price) || !isTooFine(price)) return undefined;
      return tooFine("charge-item-currency", "ChargeItem.priceOverride", price);
    },
  },
  {
    id: "charge-item-value",
    group: "money",
    holdsAlways: true,
    says: "A price is below 1e12.",
    check({ before, after }) {
      const price = after?.priceOverride;
      if (!price || !isTooLarge(price) || numberOf(price.value) === numberOf(before?.priceOverride?.value)) return undefined;
      return refusal("charge-item-value", "The price is too large: correct it.", "ChargeItem.priceOverride", 422);
    },
  },
  systemsAsListed<ChargeItem>("ChargeItem"),
  referencesExist<ChargeItem>("ChargeItem"),
];

/** Other prices may have more decimals than can be paid: they are rounded after summing. */
const hasNoDecimals = ({ currency = "" }: Money): boolean => exponentOf(currency) === 0;

const definition: Rule<ChargeItemDefinition>[] = [
  systemsAsListed<ChargeItemDefinition>("ChargeItemDefinition"),
  {
    id: "charge-item-definition-price",
    group: "money",
    holdsAlways: true,
    says: "The base price of a ChargeItemDefinition has a currency, and is from 0 to 1e12: acts are charged by it automatically.",
    check({ before, after }) {
      const [was, price] = [before && basePriceOf(before), after && basePriceOf(after)];
      if (!price || isPrice(price) || JSON.stringify(was) === JSON.stringify(price)) return undefined;
      const at = "ChargeItemDefinition.propertyGroup.priceComponent.amount";
      return refusal(
        "charge-item-definition-price",
        "Nothing can be charged by this price: give an amount of 0 or more with its currency.",
        at,
        422,
      );
    },
  },
];

/** Types that keep their patient for good, like the medical record. */
const OF_ONE_PATIENT = [
  "ClaimResponse",
  "Coverage",
  "CoverageEligibilityRequest",
  "CoverageEligibilityResponse",
  "EnrollmentRequest",
  "ExplanationOfBenefit",
] as const;

/** Amounts due and paid must be payable; unit prices may have more decimals. */
function payable<Of extends FhirResource>(
  type: Of["resourceType"],
  elements: string,
  amountsOf: (resource: Of) => Record<string, Money | undefined>,
): Rule<Of> {
  const id = `${idOf(type)}-currency`;
  return {
    id,
    group: "money",
    says: `The amounts of a ${type} have no more decimals than their currency, and are below 1e12: ${elements}.`,
    check({ before, after }) {
      const known = Object.values(before ? amountsOf(before) : {}).map((it) => JSON.stringify(it));
      const amounts = Object.entries(after ? amountsOf(after) : {}).filter(([, it]) => it && !known.includes(JSON.stringify(it)));
      for (const [element, amount = {}] of amounts) {
        if (isTooFine(amount)) return tooFine(id, `${type}.${element}`, amount);
        if (isTooLarge(amount)) return refusal(id, "The amount is too large: correct it.", `${type}.${element}`, 422);
      }
      return undefined;
    },
  };
}

/** The rules of charges, invoices, coverages and claims. */
export const rules: RulesOf = {
  ChargeItem: charge,
  ChargeItemDefinition: definition,
  Invoice: invoiceRules,
  Account: onePatient<Account>("Account"),
  ...patientRecords(OF_ONE_PATIENT),
  Claim: [
    ...patientRecordRules("Claim"),
    payable<Claim>("Claim", "total, item.net", ({ total, item = [] }) => ({
      total,
      ...Object.fromEntries(item.map(({ net }, index) => [`item[${index}].net`, net])),
    })),
  ],
  PaymentNotice: [payable<PaymentNotice>("PaymentNotice", "amount", ({ amount }) => ({ amount }))],
  PaymentReconciliation: [
    ...paymentRules,
    payable<PaymentReconciliation>("PaymentReconciliation", "paymentAmount", ({ paymentAmount }) => ({ paymentAmount })),
  ],
};
