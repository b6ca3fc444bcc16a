/** Sets up a simulated hospital: wards with beds, a pharmacy with stock, prices. */
import { billing } from "../../services/billing/billing.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";
import type { CallAction } from "../demo/roles-client.ts";

const RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm";
const LOINC = "http://loinc.org";

/** The hospital's medications, by RxNorm (public domain, U.S. National Library of Medicine). */
export const MEDICATIONS = [
  { system: RXNORM, code: "313782", display: "Acetaminophen 325 MG Oral Tablet" },
  { system: RXNORM, code: "310965", display: "Ibuprofen 200 MG Oral Tablet" },
  { system: RXNORM, code: "308182", display: "Amoxicillin 250 MG Oral Capsule" },
  { system: RXNORM, code: "314076", display: "Lisinopril 10 MG Oral Tablet" },
  { system: RXNORM, code: "861007", display: "Metformin hydrochloride 500 MG Oral Tablet" },
];

/** The hospital's tests, each with a usual value, by LOINC (© Regenstrief Institute, used under its licence). */
export const TESTS = [
  { code: { system: LOINC, code: "718-7", display: "Hemoglobin [Mass/volume] in Blood" }, unit: "g/dL", usual: 13.5, spread: 2 },
  { code: { system: LOINC, code: "2345-7", display: "Glucose [Mass/volume] in Serum or Plasma" }, unit: "mg/dL", usual: 95, spread: 25 },
  { code: { system: LOINC, code: "2951-2", display: "Sodium [Moles/volume] in Serum or Plasma" }, unit: "mmol/L", usual: 140, spread: 4 },
  {
    code: { system: LOINC, code: "2160-0", display: "Creatinine [Mass/volume] in Serum or Plasma" },
    unit: "mg/dL",
    usual: 0.9,
    spread: 0.3,
  },
];

const BEDS_PER_ROOM = 3;
const BEDS_PER_WARD = 30;
const STOCK = 100_000;

/** Opens wards with the given number of beds, and stocks the pharmacy. @returns the beds, `Location/…` @param name distinguishes them from those of other runs @param at when the stock arrives */
export async function buildHospital(call: CallAction, { beds, name, at }: { beds: number; name: string; at: string }): Promise<string[]> {
  const all: string[] = [];
  for (let ward = 1; all.length < beds; ward += 1) {
    const count = Math.min(BEDS_PER_WARD, beds - all.length);
    const rooms = Array.from({ length: Math.ceil(count / BEDS_PER_ROOM) }, (_, room) => ({
      name: `${room + 1}`,
      beds: ["A", "B", "C"].slice(0, Math.min(BEDS_PER_ROOM, count - room * BEDS_PER_ROOM)),
    }));
    const opened = await call(wards.open, { name: `${name}, ward ${ward}`, rooms });
    all.push(...opened.rooms.flatMap((room) => room.beds.map(({ location }) => location)));
  }
  for (const medication of MEDICATIONS) {
    await call(pharmacy.receive, { medication, quantity: STOCK, lot: name, at, lateReason: "simulated" });
  }
  for (const { code } of TESTS) await call(billing.setPrice, { code, cents: 12_50, currency: "EUR" });
  return all;
}
