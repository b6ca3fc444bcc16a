/** Records of synthetic people as written by others: reproducible for the same random numbers. */
import type { Patient } from "../../fhir/r4.ts";
import { address, nameOf, type PatientWithId, phone, pick, type Random } from "../../scripts/simulate/synthetic-people.ts";

/** The same person's record as another front desk may write it, without identifiers: one to three errors. */
export function copyOf(person: PatientWithId, random: Random): Patient {
  const { id: _, ...rest } = person;
  const copy: Patient = structuredClone(rest);
  const faults = 1 + Math.floor(random() * 3);
  for (let n = 0; n < faults; n += 1) pick(random, FAULTS)(copy, random);
  return copy;
}

type Fault = (copy: Patient, random: Random) => void;

const FAULTS: Fault[] = [
  (copy, random) => Object.assign(nameOf(copy), { family: typo(nameOf(copy).family ?? "", random) }),
  (copy, random) =>
    Object.assign(nameOf(copy), { given: nameOf(copy).given?.map((it, index) => (index === 0 ? typo(it, random) : it)) ?? [] }),
  (copy) => Object.assign(nameOf(copy), { given: nameOf(copy).given?.slice(0, 1) ?? [] }),
  (copy) => {
    const name = nameOf(copy);
    Object.assign(name, { family: name.given?.join(" ") ?? "", given: [name.family ?? ""] });
  },
  (copy) => Object.assign(nameOf(copy), { family: (nameOf(copy).family ?? "").toUpperCase() }),
  (copy) => {
    const [year, month = "", day = ""] = (copy.birthDate ?? "").split("-");
    if (Number(day) <= 12) copy.birthDate = `${year}-${day}-${month}`;
  },
  (copy, random) => {
    const at = pick(random, [2, 3, 6, 9]);
    const date = copy.birthDate ?? "";
    const wrong = `${date.slice(0, at)}${(Number(date[at]) + 1) % 10}${date.slice(at + 1)}`;
    if (new Date(`${wrong}T00:00:00Z`).toJSON()?.startsWith(wrong)) copy.birthDate = wrong;
  },
  (copy, random) => Object.assign(copy, { telecom: [{ system: "phone", value: phone(random) }] }),
  (copy) => void delete copy.telecom,
  (copy, random) => Object.assign(copy, { address: [address(random)] }),
  (copy) => void delete copy.address,
  (copy) => void delete copy.extension,
  (copy) => Object.assign(copy, { gender: "unknown" }),
];

/** A letter omitted, doubled, replaced, or swapped with its neighbour. */
function typo(word: string, random: Random): string {
  if (word.length < 3) return word;
  const at = 1 + Math.floor(random() * (word.length - 2));
  const [start, letter = "", end] = [word.slice(0, at), word[at], word.slice(at + 1)];
  return pick(random, [
    `${start}${end}`,
    `${start}${letter}${letter}${end}`,
    `${start}${pick(random, [...word])}${end}`,
    `${start}${end[0] ?? ""}${letter}${end.slice(1)}`,
  ]);
}
