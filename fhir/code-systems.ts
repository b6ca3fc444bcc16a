/**
 * Addresses of code systems. R4 compares them character by character, and demands for a well-known system the address that it lists
 * (terminologies-systems.html): any other spelling would be another system, whose codes match nothing.
 */

import { isRawNumber } from "./json.ts";

const ADDRESSES = [
  "http://unitsofmeasure.org",
  "http://snomed.info/sct",
  "http://loinc.org",
  "http://www.nlm.nih.gov/research/umls/rxnorm",
  "http://www.whocc.no/atc",
  "http://dicom.nema.org/resources/ontology/DCM",
];

/** Object identifiers that R4 lists beside the address, for mappings only. */
const OIDS: Record<string, string> = {
  "urn:oid:2.16.840.1.113883.6.8": "http://unitsofmeasure.org",
  "urn:oid:2.16.840.1.113883.6.96": "http://snomed.info/sct",
  "urn:oid:2.16.840.1.113883.6.1": "http://loinc.org",
  "urn:oid:2.16.840.1.113883.6.88": "http://www.nlm.nih.gov/research/umls/rxnorm",
  "urn:oid:2.16.840.1.113883.6.73": "http://www.whocc.no/atc",
};

/** Code systems and identifier systems of HL7, whatever follows. */
const OF_HL7 = /^(?:terminology\.hl7\.org|hl7\.org\/fhir)\//;

/** Without what senders spell differently: scheme, `www.`, capitals, slashes and a # at the end. */
const looseForm = (system: string): string =>
  system
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, "")
    .replace(/^www\./, "")
    .replace(/[/#]+$/, "");

const BY_FORM = new Map(ADDRESSES.map((address) => [looseForm(address), address]));

/** Systems that are remembered: a hospital has some dozens. */
const MAX_KNOWN = 1_000;
const known = new Map<string, string | undefined>();

/** The address that is meant by another spelling of it; undefined if it is none: the address itself, or any other system. */
export function meantAddress(system: string): string | undefined {
  if (known.has(system)) return known.get(system);
  if (known.size >= MAX_KNOWN) known.clear();
  const meant = addressFor(system);
  known.set(system, meant);
  return meant;
}

function addressFor(system: string): string | undefined {
  const listed = OIDS[system] ?? BY_FORM.get(looseForm(system));
  if (listed !== undefined) return listed === system ? undefined : listed;
  const rest = system
    .trim()
    .replace(/^https?:\/\/(?:www\.)?/i, "")
    .replace(/[/#]+$/, "");
  const meant = `http://${rest}`;
  return OF_HL7.test(rest) && meant !== system ? meant : undefined;
}

/** A copy of a resource, or of a part of it, with each system by the address that is meant. */
export function withListedAddresses<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(withListedAddresses) as Value;
  if (value === null || typeof value !== "object" || isRawNumber(value)) return value;
  const members = Object.entries(value).map(([name, member]) => {
    const meant = name === "system" && typeof member === "string" ? meantAddress(member) : undefined;
    return [name, meant ?? withListedAddresses(member)];
  });
  return Object.fromEntries(members) as Value;
}
