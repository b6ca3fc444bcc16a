/** Identifiers by their system: how one is written, and what its check digit must be. A table: no broker, no database. */
import { plainDigits } from "../../fhir/plain-digits.ts";

/** How the identifiers of one system are written. */
export interface IdentifierSystem {
  system: string;
  /** Signs between the digits that people write or leave out, besides blanks; default: none. */
  separators?: string;
  /** What is left without blanks and separators, in upper case: a regular expression of all of it. */
  form?: string;
  check?: CheckDigit;
}

/** How the last digits follow from those before. */
export type CheckDigit = keyof typeof checks;

/** Systems that say how their identifiers are made. An operator adds more in PATIENTS_FILE. */
export const IDENTIFIER_SYSTEMS: readonly IdentifierSystem[] = [
  { system: "https://fhir.nhs.uk/Id/nhs-number", separators: "-", form: "\\d{10}", check: "mod11" },
  { system: "http://ns.electronichealth.net.au/id/hi/ihi/1.0", separators: "-", form: "\\d{16}", check: "luhn" },
  { system: "http://hl7.org/fhir/sid/us-ssn", separators: "-", form: "\\d{9}" },
  { system: "urn:oid:1.2.250.1.213.1.4.8", form: "\\d{5}[0-9AB]\\d{9}", check: "mod97" }, // France: INS, as the NIR with its key
  { system: "urn:oid:1.2.752.129.2.1.3.1", separators: "-+", form: "(?:\\d{2})?\\d{10}", check: "luhn10" }, // Sweden: personnummer
];

const digitsOf = (text: string): number[] => [...text].map(Number);

/** Luhn (ISO/IEC 7812-1): every second digit from the right doubled. */
const luhn = (text: string): boolean =>
  digitsOf(text).reduceRight((sum, digit, index) => {
    const isDoubled = (text.length - index) % 2 === 0;
    return sum + (isDoubled ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit);
  }, 0) %
    10 ===
  0;

const checks = {
  luhn,
  /** Of the last ten digits: a century before them is not counted. */
  luhn10: (text: string) => luhn(text.slice(-10)),
  /** Weights 10 to 2, the rest to 11; 10 is given to nobody. */
  mod11: (text: string) => {
    const digits = digitsOf(text);
    const sum = digits.slice(0, 9).reduce((total, digit, index) => total + digit * (10 - index), 0);
    return (11 - (sum % 11)) % 11 === digits[9];
  },
  /** 97 less the rest to 97; of Corsica's departments 2A is 19, and 2B 18. */
  mod97: (text: string) => {
    const number = text.slice(0, 13).replace("2A", "19").replace("2B", "18");
    return 97n - (BigInt(number) % 97n) === BigInt(text.slice(13));
  },
};

/** Whether there is such a check digit. */
export const isCheckDigit = (name: string): name is CheckDigit => Object.hasOwn(checks, name);

/** Identifiers of known systems, as they are stored and compared. */
export class IdentifierTable {
  readonly #systems: ReadonlyMap<string, IdentifierSystem>;

  /** @param more an operator's, which count more */
  constructor(more: readonly IdentifierSystem[] = []) {
    this.#systems = new Map([...IDENTIFIER_SYSTEMS, ...more].map((one) => [one.system, one]));
  }

  /** As it is stored: of a system in the table without what people write between the digits; of another as it is given. */
  normalized(system: string, value: string): string {
    const known = this.#systems.get(system);
    if (!known) return value;
    const ignored = new Set(known.separators ?? "");
    return [...compared(value).toUpperCase()].filter((sign) => !ignored.has(sign)).join("");
  }

  /** Of a normalized one. */
  isValid(system: string, value: string): boolean {
    const known = this.#systems.get(system);
    if (!known) return true;
    if (known.form !== undefined && !new RegExp(`^(?:${known.form})$`).test(value)) return false;
    return known.check === undefined || checks[known.check](value);
  }

  /** However it is typed: without blanks and what nobody sees, in one case and one form of each character, in the digits of any script. */
  keyOf(system: string, value: string): string {
    return `identifier:${system}|${compared(this.normalized(system, value))}`;
  }
}

const compared = (value: string): string =>
  plainDigits(value.normalize("NFKC").replace(/\s|\p{Default_Ignorable_Code_Point}/gu, "")).toLowerCase();
