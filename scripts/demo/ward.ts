/** A ward with patients in it and some who wait, so that the pages have something to show. */
import type { RoleName } from "../../services/identity/identity.contract.ts";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import type { TokenSource } from "../identity/try-account.ts";
import { ActionRefused, rolesClient } from "./roles-client.ts";

const NAME = "Cardiology";
const LOINC = "http://loinc.org";
const TESTS = [
  { system: LOINC, code: "718-7", display: "Hemoglobin [Mass/volume] in Blood" },
  { system: LOINC, code: "2160-0", display: "Creatinine [Mass/volume] in Serum or Plasma" },
  { system: LOINC, code: "2823-3", display: "Potassium [Moles/volume] in Serum or Plasma" },
];
const MEDICATION = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG Oral Tablet" };

/** Family name, given name, both in Arabic, birth date, sex, reason of the stay. */
const PEOPLE = [
  ["Benali", "Yasmine", "بن علي", "ياسمين", "1958-04-12", "female", "Heart failure"],
  ["Haddad", "Karim", "حداد", "كريم", "1971-09-30", "male", "Chest pain"],
  ["Mansouri", "Leïla", "منصوري", "ليلى", "1996-07-07", "female", "Palpitations"],
  ["Cherif", "Amine", "شريف", "أمين", "1949-06-18", "male", "Pulmonary oedema"],
  ["Saadi", "Nadia", "سعدي", "نادية", "1983-02-11", "female", "Syncope"],
  ["Brahimi", "Omar", "براهيمي", "عمر", "2001-10-20", "male", "Control"],
] as const;
/** Number of patients in the ward; the others wait at the front desk. */
const ADMITTED = 4;
/** What the next shift is to know, of the first ones. */
const HAND_OVERS = [
  "Slept well. Weigh before breakfast; furosemide was doubled.",
  "Free of pain since the evening. Troponin again at six.",
  "Nothing new.",
];

/**
 * @param tokens of each role; absent where no sign-in is needed
 * @param physician responsible for the ward's patients, "Practitioner/…"
 * @returns false if the ward exists already; it is not changed
 */
export async function fillWard(url: string, tokens?: (role: RoleName) => TokenSource, physician?: string): Promise<boolean> {
  const { call } = rolesClient(url, tokens);
  const rooms = ["301", "302", "303"].map((name) => ({ name, beds: ["A", "B"] }));
  const ward = await call(wards.open, { name: NAME, rooms }).catch((error: Error) => {
    if (error instanceof ActionRefused && error.type === "WARD_ALREADY_OPEN") return undefined;
    throw error;
  });
  if (!ward) return false;
  const beds = ward.rooms.flatMap((room) => room.beds.map(({ location }) => location));
  await call(wards.describe, { location: beds.at(-2) as string, attributes: ["oxygen"] });
  await call(wards.setCleaning, { bed: beds.at(-1) as string, cleaning: "dirty" });
  for (const [index, [family, given, otherFamily, otherGiven, birthDate, gender, reason]] of PEOPLE.entries()) {
    const { patient } = await call(patients.register, {
      family,
      given: [given],
      otherNames: [{ family: otherFamily, given: [otherGiven], language: "ar" }],
      birthDate,
      gender,
      confirm: "a person of the demo",
    });
    const { visit } = await call(visits.open, { patient, reason });
    if (index === ADMITTED) await call(hospitalizations.request, { patient, kind: "emergency", ward: ward.location, reason });
    if (index >= ADMITTED) continue;
    const { stay } = await call(hospitalizations.admit, { patient, bed: beds[index] as string, visit, reason });
    if (physician !== undefined) await call(hospitalizations.setPhysician, { stay, physician });
    for (const test of TESTS.slice(index)) await call(lab.order, { patient, encounter: stay, test });
    await call(pharmacy.prescribe, {
      patient,
      encounter: stay,
      medication: MEDICATION,
      quantity: 12,
      dosage: "1 tablet three times a day",
      dose: { value: 325, unit: "mg" },
      timing: { frequency: 3, period: 1, periodUnit: "d", from: new Date().toISOString() },
    });
    const text = HAND_OVERS[index];
    if (text !== undefined) await call(hospitalizations.handOver, { stay, text });
  }
  return true;
}
