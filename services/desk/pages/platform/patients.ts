/** Patients as all pages find and name them. */
import type { Patient } from "../../../../fhir/r4.ts";
import { search } from "./api.ts";

/** Found at once; who looks for more gives more of the name. */
const MAX_FOUND = 12;

/** By name in any script, number, phone, or what a label's code holds; who is the most likely first. At most 12. */
export async function findPatients(text: string): Promise<Patient[]> {
  const words = text.trim().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const questions: [string, string][][] = [];
  const count: [string, string] = ["_count", `${MAX_FOUND}`];
  if (/\d/.test(text)) {
    const id = text.trim().replace(/^Patient\//, "");
    questions.push([["identifier", id], count], [["phone", text.trim()], count]);
    if (/^[A-Za-z0-9.-]{20,64}$/.test(id)) questions.push([["_id", id]]);
  }
  if (/\p{L}/u.test(text)) questions.push([...words.map((word): [string, string] => ["name", word]), count]);
  const found = await Promise.all(questions.map((query) => search<Patient>("Patient", query)));
  const byId = new Map(found.flatMap(({ resources }) => resources).map((one) => [one.id, one]));
  return [...byId.values()].slice(0, MAX_FOUND);
}
