/** The identifying fields of a Patient, in the form in which they are compared. */
import { plainDigits } from "../../../fhir/plain-digits.ts";
import type { HumanName, Patient } from "../../../fhir/r4.ts";
import { fold } from "../../../fhir/search/fold.ts";
import type { IdentifierTable } from "../../../fhir/identifier-systems.ts";
import { PATIENT_NUMBER } from "../record-numbers.ts";

/** Names, addresses and numbers of one person that are compared. */
const MAX_OF_EACH = 8;
/** Letters of a name that are compared. */
const MAX_LETTERS = 64;
/** Last digits of a phone number that are compared, since country prefixes are written in several ways. */
const PHONE_DIGITS = 8;
/** HL7's extension of Patient: the family name of the mother at her birth. */
export const MOTHERS_NAME = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName";

/** A name, folded, in words. */
export interface ComparedName {
  /** The only name, if there is one. */
  family: string;
  /** "": none. */
  given: string;
}

/** The identifying fields of a person. */
export interface Person {
  names: ComparedName[];
  birthDate?: string;
  gender?: string;
  phones: string[];
  addresses: { line: string; place: string }[];
  mother?: string;
  /** Number among the children of one birth. */
  multipleBirth?: number;
  /** The compared value, by system; without those that the hospital gives itself, a new one at each registration: they distinguish records, not people. */
  identifiers: Map<string, string>;
}

/** @param table the forms of identifiers */
export function personOf(patient: Patient, table: IdentifierTable): Person {
  const { birthDate, gender, multipleBirthInteger: multipleBirth } = patient;
  const mother = patient.extension?.find(({ url }) => url === MOTHERS_NAME)?.valueString;
  return {
    names: (patient.name ?? []).slice(0, MAX_OF_EACH).flatMap((name) => comparedName(name) ?? []),
    ...(birthDate !== undefined && { birthDate }),
    ...(gender !== undefined && gender !== "unknown" && { gender }),
    phones: (patient.telecom ?? []).slice(0, MAX_OF_EACH).flatMap(({ system, value = "" }) => {
      const digits = plainDigits(value).replace(/\D/g, "").slice(-PHONE_DIGITS);
      return (system === "phone" || system === "sms") && digits.length >= 5 ? [digits] : [];
    }),
    addresses: (patient.address ?? []).slice(0, MAX_OF_EACH).map(({ line = [], city = "", postalCode = "" }) => ({
      line: short(line.join(" ")),
      place: short(postalCode || city),
    })),
    ...(mother !== undefined && { mother: short(mother) }),
    ...(multipleBirth !== undefined && { multipleBirth }),
    identifiers: new Map(
      (patient.identifier ?? [])
        .slice(0, MAX_OF_EACH)
        .flatMap(({ system = "", value, use }) =>
          value === undefined || use === "temp" || use === "old" || system === PATIENT_NUMBER ? [] : [[system, table.keyOf(system, value)]],
        ),
    ),
  };
}

/** Undefined for a temporary name, which identifies no one. */
function comparedName({ use, family = "", given = [], text = "" }: HumanName): ComparedName | undefined {
  if (use === "temp" || use === "anonymous") return undefined;
  const [last, first] = [short(family), short(given.join(" "))];
  if (last || first) return last ? { family: last, given: first } : { family: first, given: "" };
  return fromText(text);
}

function fromText(text: string): ComparedName | undefined {
  const [last = "", ...first] = short(text).split(" ").reverse();
  return last ? { family: last, given: first.reverse().join(" ") } : undefined;
}

const short = (text: string): string => fold(text.slice(0, MAX_LETTERS));
