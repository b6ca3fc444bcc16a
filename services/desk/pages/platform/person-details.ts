/** What is noted of a person besides name, sex and birth: address, mother's name, next of kin; as fields of a form. */
import type { Address, CodeableConcept, Patient, PatientContact } from "../../../../fhir/r4.ts";
import { nameText } from "../../../../fhir/shown-names.ts";
import type { PersonDetails, Relation } from "../../../patients/patients.contract.ts";
import type { Draft } from "./drafts.ts";
import { joined, t } from "./texts.ts";

/** Names of the fields. */
export const DETAILS = ["address", "postalCode", "city", "mothersName", "kinFamily", "kinGiven", "kinRelation", "kinPhone"] as const;
export type Detail = (typeof DETAILS)[number];

const MOTHERS_NAME = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName";
const CONTACT_ROLE = "http://terminology.hl7.org/CodeSystem/v2-0131";
const ROLE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";

const RELATIONS = ["MTH", "FTH", "SPS", "CHILD", "SIB", "GRPRN", "FAMMEMB", "GUARD", "FRND"] as const satisfies readonly Relation[];
const words = (text: string): string[] => text.trim().split(/\s+/).filter(Boolean);
const textIn = (typed: Draft, name: Detail): string => typed[name]?.trim() ?? "";

/** The choices of a field for what a contact person is to the patient. */
export const relationChoices = (): [string, string][] => [
  ["", t("choose")],
  ...RELATIONS.map((one): [string, string] => [one, t(`kin.${one}`)]),
];

/** The fields as parameters of a registration. */
export function detailsIn(typed: Draft): PersonDetails {
  const [line, postalCode, city] = [textIn(typed, "address"), textIn(typed, "postalCode"), textIn(typed, "city")];
  const [mothersName, family] = [textIn(typed, "mothersName"), textIn(typed, "kinFamily")];
  const [given, relation, phone] = [words(textIn(typed, "kinGiven")), textIn(typed, "kinRelation") as Relation, textIn(typed, "kinPhone")];
  const address = { ...(line && { line: [line] }), ...(postalCode && { postalCode }), ...(city && { city }) };
  return {
    ...(mothersName && { mothersName }),
    ...(Object.keys(address).length > 0 && { addresses: [address] }),
    ...(family && { contacts: [{ family, ...(given.length > 0 && { given }), ...(relation && { relation }), ...(phone && { phone }) }] }),
  };
}

const relationOf = ({ relationship = [] }: PatientContact): Relation | "" => {
  const codes = relationship.flatMap(({ coding = [] }) => coding.map(({ code }) => code));
  return RELATIONS.find((one) => codes.includes(one)) ?? "";
};
const phoneOf = ({ telecom = [] }: PatientContact): string => telecom.find(({ system }) => system === "phone")?.value ?? "";
const lineOf = ({ line, text = "" }: Address): string => line?.join(" ") ?? text;

/** The fields of a record: the first address and the first contact person. */
export function detailFieldsOf({
  address: [address = {}] = [],
  contact: [kin = {}] = [],
  extension = [],
}: Patient): Record<Detail, string> {
  return {
    address: lineOf(address),
    postalCode: address.postalCode ?? "",
    city: address.city ?? "",
    mothersName: extension.find(({ url }) => url === MOTHERS_NAME)?.valueString ?? "",
    kinFamily: kin.name?.family ?? "",
    kinGiven: kin.name?.given?.join(" ") ?? "",
    kinRelation: relationOf(kin),
    kinPhone: phoneOf(kin),
  };
}

/** A contact person as text: name, what they are to the patient, number. */
export function kinText(kin: PatientContact): string {
  const relation = relationOf(kin);
  const written = kin.relationship?.map(({ text, coding: [first] = [] }) => text ?? first?.display).find(Boolean);
  return joined(nameText(kin.name ?? {}), relation ? t(`kin.${relation}`) : written, phoneOf(kin));
}

/** The non-empty lists: FHIR has no empty ones. */
export const some = <Lists extends Record<string, unknown[]>>(lists: Lists): Partial<Lists> =>
  Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)) as Partial<Lists>;

/** The address with these fields; undefined if nothing is left of it. */
function addressWith({ line: _line, text: _text, postalCode: _code, city: _city, ...rest }: Address, typed: Draft): Address | undefined {
  const { addresses: [address] = [] } = detailsIn(typed);
  return address && { ...(rest.use === undefined && { use: "home" as const }), ...rest, ...address };
}

/** The contact person with these fields; undefined without a name. Other numbers of the same person are kept. */
function kinWith({ name, telecom = [], relationship = [], ...rest }: PatientContact, typed: Draft): PatientContact | undefined {
  const { contacts: [kin] = [] } = detailsIn(typed);
  if (!kin) return undefined;
  const { text: _text, given: _given, family: _family, ...ofName } = name ?? {};
  const isRelation = ({ coding = [] }: CodeableConcept) => coding.some(({ system }) => system === ROLE);
  const roles = relationship.filter((one) => !isRelation(one));
  const number = telecom.find(({ system }) => system === "phone");
  const numbers = telecom.filter((one) => one !== number);
  return {
    ...rest,
    relationship: [
      ...(roles.length > 0 ? roles : [{ coding: [{ system: CONTACT_ROLE, code: "N" }] }]),
      ...(kin.relation
        ? [{ coding: [{ system: ROLE, code: kin.relation }] }]
        : relationOf({ relationship })
          ? []
          : relationship.filter(isRelation)),
    ],
    name: { ...ofName, family: kin.family, ...some({ given: kin.given ?? [] }) },
    ...some({ telecom: [...(kin.phone ? [{ ...(number ?? { system: "phone" as const }), value: kin.phone }] : []), ...numbers] }),
  };
}

/** The record with these fields; everything else is kept, also what no field shows. */
export function withDetails({ address = [], contact = [], extension = [], ...rest }: Patient, fields: Draft): Patient {
  const before = detailFieldsOf({ ...rest, address, contact, extension });
  const isOther = (...names: Detail[]) => names.some((name) => (fields[name] ?? "") !== before[name]);
  const [firstAddress = {}, ...addresses] = address;
  const [firstKin = {}, ...kin] = contact;
  const mothersName = textIn(fields, "mothersName");
  return {
    ...rest,
    ...some({
      address: isOther("address", "postalCode", "city") ? [addressWith(firstAddress, fields) ?? [], addresses].flat() : address,
      contact: isOther("kinFamily", "kinGiven", "kinRelation", "kinPhone") ? [kinWith(firstKin, fields) ?? [], kin].flat() : contact,
      extension: isOther("mothersName")
        ? [
            ...extension.filter(({ url }) => url !== MOTHERS_NAME),
            ...(mothersName ? [{ url: MOTHERS_NAME, valueString: mothersName }] : []),
          ]
        : extension,
    }),
  };
}
