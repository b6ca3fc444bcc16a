/** Synthetic people: the same for the same seed. */
import type { Address, HumanName, Patient } from "../../fhir/r4.ts";

/** A registered person. */
export type PatientWithId = Patient & { id: string };

/** Returns the next number of a series, from 0 up to 1. */
export type Random = () => number;

/** A pseudorandom series of numbers from 0 up to 1 (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const LATIN = {
  starts: [
    "Al",
    "Ba",
    "Bel",
    "Bru",
    "Ca",
    "Co",
    "Da",
    "De",
    "Fa",
    "Fer",
    "Ga",
    "Ger",
    "Ha",
    "Ka",
    "La",
    "Lo",
    "Ma",
    "Mo",
    "Ne",
    "Pa",
    "Ro",
    "Sa",
    "Sto",
    "Ta",
    "Ve",
    "Wa",
  ],
  middles: ["ber", "di", "ga", "li", "lo", "man", "mi", "na", "nar", "ra", "ri", "san", "ta", "ti", "to", "va", "zi", "kow", "len", "dri"],
  ends: ["ni", "no", "ri", "ti", "son", "ski", "ez", "er", "mann", "i", "elli", "ado", "ard", "eau", "ic", "ova", "es", "in", "ol", "us"],
};
const ARABIC = {
  starts: ["بن ", "", "", "ال"],
  middles: [
    "علي",
    "حسن",
    "منصور",
    "سعيد",
    "خالد",
    "يوسف",
    "ابراهيم",
    "عمر",
    "صالح",
    "مرزوق",
    "بوزيد",
    "زروق",
    "حداد",
    "نجار",
    "شريف",
    "قاسم",
    "بلقاسم",
    "طاهر",
    "رحماني",
    "سليماني",
  ],
  ends: ["", "", "", "ي"],
};
const GIVEN = {
  female: [
    "Ada",
    "Anna",
    "Maria",
    "Lucia",
    "Sofia",
    "Elena",
    "Emma",
    "Julia",
    "Laura",
    "Clara",
    "Irene",
    "Marta",
    "Nadia",
    "Paula",
    "Rosa",
    "Silvia",
    "Teresa",
    "Vera",
    "Alice",
    "Bianca",
    "Carla",
    "Diana",
    "Eva",
    "Franca",
    "Gloria",
    "Helena",
    "Ines",
    "Karin",
    "Livia",
    "Monika",
  ],
  male: [
    "Adam",
    "Bruno",
    "Carlo",
    "Dario",
    "Emil",
    "Franz",
    "Georg",
    "Hugo",
    "Igor",
    "Jan",
    "Karl",
    "Luca",
    "Marco",
    "Nico",
    "Oscar",
    "Paolo",
    "Robert",
    "Simon",
    "Thomas",
    "Victor",
    "Walter",
    "Peter",
    "Martin",
    "Daniel",
    "Andrea",
    "Stefan",
    "Lorenzo",
    "Felix",
    "Anton",
    "Ivan",
  ],
  arabicFemale: ["فاطمة", "خديجة", "مريم", "عائشة", "نادية", "سمية", "زينب", "ليلى", "سعاد", "حليمة"],
  arabicMale: ["محمد", "أحمد", "يوسف", "كريم", "سمير", "رشيد", "مصطفى", "عبد القادر", "الياس", "نبيل"],
};
const STREETS = [
  "Via Roma",
  "Hauptstrasse",
  "Rue de la Paix",
  "High Street",
  "Calle Mayor",
  "Bahnhofstrasse",
  "Via Verdi",
  "Rue Didouche",
  "Park Road",
  "Lindenweg",
];
const CITIES = ["Alger", "Bern", "Como", "Dijon", "Essen", "Faro", "Graz", "Huelva", "Imola", "Jena"];
const MOTHERS_NAME = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName";

/** Some names are much more common than others (Zipf). */
/** One of them at random. */
export const pick = <Of>(random: Random, all: readonly Of[]): Of => all[Math.floor(random() * all.length)] as Of;
const common = <Of>(random: Random, all: readonly Of[]): Of => all[Math.floor(random() ** 2 * all.length)] as Of;

function familyName(random: Random, { starts, middles, ends }: typeof LATIN): string {
  return `${common(random, starts)}${common(random, middles)}${random() < 0.5 ? pick(random, middles) : ""}${common(random, ends)}`.trim();
}

const two = (value: number): string => `${value}`.padStart(2, "0");

/** `count` different people; some live together, some are twins. Their ids are `p0`, `p1`, … */
export function* people(count: number, seed = 1): Generator<PatientWithId> {
  const random = randomOf(seed);
  let before: PatientWithId | undefined;
  for (let n = 0; n < count; n += 1) {
    const share = random();
    const person = newPerson(random, n);
    // One in eight lives with the person before, and one in a hundred is that person's twin.
    if (before && share < 0.125) {
      const { family } = nameOf(before);
      const isTwin = share < 0.01;
      person.name = [{ ...person.name?.[0], family: family as string, given: otherGiven(random, person, before) }];
      for (const key of ["telecom", "address"] as const) if (before[key]) Object.assign(person, { [key]: before[key] });
      if (isTwin) Object.assign(person, { birthDate: before.birthDate, ...(before.extension && { extension: before.extension }) });
    }
    yield person;
    before = person;
  }
}

/** Another given name: children of one family have different ones. */
function otherGiven(random: Random, person: PatientWithId, before: PatientWithId): string[] {
  const [taken] = before.name?.[0]?.given ?? [];
  const all = /[a-z]/i.test(taken ?? "") ? [...GIVEN.female, ...GIVEN.male] : [...GIVEN.arabicFemale, ...GIVEN.arabicMale];
  return [
    pick(
      random,
      all.filter((it) => it !== taken && it !== person.name?.[0]?.given?.[0]),
    ),
  ];
}

function newPerson(random: Random, n: number): PatientWithId {
  const isArabic = random() < 0.2;
  const gender = random() < 0.5 ? "female" : "male";
  const given = isArabic ? (gender === "female" ? GIVEN.arabicFemale : GIVEN.arabicMale) : GIVEN[gender];
  const script = isArabic ? ARABIC : LATIN;
  const first = common(random, given);
  const second = common(random, given);
  return {
    resourceType: "Patient",
    id: `p${n}`,
    name: [{ use: "official", family: familyName(random, script), given: random() < 0.3 && second !== first ? [first, second] : [first] }],
    gender,
    birthDate: `${1930 + Math.floor(random() * 95)}-${two(1 + Math.floor(random() * 12))}-${two(1 + Math.floor(random() * 28))}`,
    ...(random() < 0.75 && { telecom: [{ system: "phone", value: phone(random) }] }),
    ...(random() < 0.8 && { address: [address(random)] }),
    ...(random() < 0.5 && { extension: [{ url: MOTHERS_NAME, valueString: familyName(random, script) }] }),
  };
}

/** A phone number in a form that is in use. */
export const phone = (random: Random): string => `+39 0${Math.floor(1e8 + random() * 9e8)}`;
/** An address. */
export const address = (random: Random): Address => ({
  line: [`${pick(random, STREETS)} ${1 + Math.floor(random() * 200)}`],
  city: pick(random, CITIES),
  postalCode: `${10_000 + Math.floor(random() * 900)}`,
});

/** The first name of a record. */
export const nameOf = ({ name }: Patient): HumanName => name?.[0] as HumanName;
