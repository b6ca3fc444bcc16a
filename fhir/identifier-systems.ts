/** Identifier systems: the form of their values, and check digits. A table: no broker, no database. */
import { plainDigits } from "./plain-digits.ts";
import type { Identifier } from "./r4.ts";

/** HL7's code system for kinds of identifiers. */
const IDENTIFIER_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203";

/** Kinds of a person's numbers that are asked for at registration: national number, insurance number, passport number (HL7 v2-0203). */
export const NUMBER_KINDS = ["NI", "MB", "PPN"] as const;
/** One of `NUMBER_KINDS`. */
export type NumberKind = (typeof NUMBER_KINDS)[number];

/** The form of one system's identifiers. */
export interface IdentifierSystem {
  system: string;
  /** Separators, besides blanks, that people write or omit; default: none. */
  separators?: string;
  /** The form without blanks and separators, in upper case: a regular expression for the whole value. */
  form?: string;
  check?: CheckDigit;
  /** Whether a number belongs to one patient also where `use` does not say "official"; default: false. An old or temporary one may be shared. */
  isUnique?: boolean;
  /** Its numbers are of this kind, and are asked for at registration: one system of each kind. */
  type?: NumberKind;
}

/** Algorithm of the check digits. */
export type CheckDigit = keyof typeof checks;

/** Systems with a published form. An operator adds more in PATIENTS_FILE. */
export const IDENTIFIER_SYSTEMS: readonly IdentifierSystem[] = [
  { system: "https://fhir.nhs.uk/Id/nhs-number", separators: "-", form: "\\d{10}", check: "mod11" },
  { system: "http://ns.electronichealth.net.au/id/hi/ihi/1.0", separators: "-", form: "\\d{16}", check: "luhn" },
  { system: "http://hl7.org/fhir/sid/us-ssn", separators: "-", form: "\\d{9}" },
  { system: "urn:oid:1.2.250.1.213.1.4.8", form: "\\d{5}[0-9AB]\\d{9}", check: "mod97" }, // France: INS, as the NIR with its key
  { system: "urn:oid:1.2.752.129.2.1.3.1", separators: "-+", form: "(?:\\d{2})?\\d{10}", check: "luhn10" }, // Sweden: personnummer
  // Where the hospital names no system of its own:
  { system: "urn:openward:national-number", separators: "-./", type: "NI", isUnique: true },
  { system: "urn:openward:insurance-number", separators: "-./", type: "MB", isUnique: false }, // a family may share one
  { system: "urn:openward:passport-number", separators: "-./", type: "PPN", isUnique: false }, // unique within a country
];

const digitsOf = (text: string): number[] => [...text].map(Number);

/** Luhn (ISO/IEC 7812-1): every second digit from the right is doubled. */
const luhn = (text: string): boolean =>
  digitsOf(text).reduceRight((sum, digit, index) => {
    const isDoubled = (text.length - index) % 2 === 0;
    return sum + (isDoubled ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit);
  }, 0) %
    10 ===
  0;

const checks = {
  luhn,
  /** Over the last ten digits: a preceding century does not count. */
  luhn10: (text: string) => luhn(text.slice(-10)),
  /** Weights 10 to 2, remainder to 11; a check digit of 10 is not assigned. */
  mod11: (text: string) => {
    const digits = digitsOf(text);
    const sum = digits.slice(0, 9).reduce((total, digit, index) => total + digit * (10 - index), 0);
    return (11 - (sum % 11)) % 11 === digits[9];
  },
  /** 97 less the remainder to 97; Corsica's departments 2A and 2B count as 19 and 18. */
  mod97: (text: string) => {
    const number = text.slice(0, 13).replace("2A", "19").replace("2B", "18");
    return 97n - (BigInt(number) % 97n) === BigInt(text.slice(13));
  },
};

/** Whether there is a check digit algorithm of this name. */
export const isCheckDigit = (name: string): name is CheckDigit => Object.hasOwn(checks, name);

/** Normalises, validates and compares identifiers of known systems. */
export class IdentifierTable {
  readonly #systems: ReadonlyMap<string, IdentifierSystem>;

  /** @param more an operator's systems, which take precedence; of a published one, only what differs is given */
  constructor(more: readonly IdentifierSystem[] = []) {
    const systems = new Map(IDENTIFIER_SYSTEMS.map((one) => [one.system, one]));
    for (const one of more) {
      const before = systems.get(one.system);
      systems.delete(one.system);
      systems.set(one.system, { ...before, ...one }); // the last
    }
    this.#systems = systems;
  }

  /** The systems of the numbers that are asked for at registration, one of each kind: an operator's before those of this table. */
  get kinds(): (IdentifierSystem & { type: NumberKind })[] {
    const all = [...this.#systems.values()].reverse();
    return NUMBER_KINDS.flatMap((type) => {
      const found = all.find((one) => one.type === type);
      return found ? [{ ...found, type }] : [];
    });
  }

  /** The identifier with the kind of its system, if that has one. */
  typed<Of extends Identifier & { system: string }>(identifier: Of): Of & Pick<Identifier, "type"> {
    const code = this.#systems.get(identifier.system)?.type;
    return code === undefined ? identifier : { ...identifier, type: { coding: [{ system: IDENTIFIER_TYPE, code }] } };
  }

  /** The stored form: for known systems without separators; for others unchanged. */
  normalized(system: string, value: string): string {
    const known = this.#systems.get(system);
    if (!known) return value;
    const ignored = new Set(known.separators ?? "");
    return [...compared(value).toUpperCase()].filter((sign) => !ignored.has(sign)).join("");
  }

  /** Whether a normalised value is valid. */
  isValid(system: string, value: string): boolean {
    const known = this.#systems.get(system);
    if (!known) return true;
    if (known.form !== undefined && !new RegExp(`^(?:${known.form})$`).test(value)) return false;
    return known.check === undefined || checks[known.check](value);
  }

  /** Whether no two patients may have this identifier. */
  isOnePersons({ use, system = "" }: Identifier): boolean {
    return use === "official" || (this.#systems.get(system)?.isUnique === true && use !== "old" && use !== "temp");
  }

  /** Whether each person has one number of this system: a published one, or an operator's that is unique. An old or temporary one does not count. */
  isPersonal({ use, system = "" }: Identifier): boolean {
    const known = this.#systems.get(system);
    return (
      known !== undefined && (known.isUnique ?? IDENTIFIER_SYSTEMS.some((one) => one.system === system)) && use !== "old" && use !== "temp"
    );
  }

  /** The form for comparison: without blanks and invisible characters, in one case, with ASCII digits and hyphens. */
  keyOf(system: string, value: string): string {
    return `identifier:${system}|${compared(this.normalized(system, value))}`;
  }
}

/** Whether an identifier is of this kind, by its type. */
export const isOfKind = ({ type }: Identifier, kind: NumberKind): boolean =>
  (type?.coding ?? []).some(({ system, code }) => system === IDENTIFIER_TYPE && code === kind);

/** A text processor turns a hyphen into one that does not break, or into a dash: all are one sign. */
const compared = (value: string): string =>
  plainDigits(
    value
      .normalize("NFKC")
      .replace(/\s|\p{Default_Ignorable_Code_Point}/gu, "")
      .replace(/[\p{Pd}\u2212]/gu, "-"),
  ).toLowerCase();
