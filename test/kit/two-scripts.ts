/** People of the Maghreb, each with a record in Arabic and one in Latin letters: as registries write them, not by a rule. */
import type { HumanName, Patient } from "../../fhir/r4.ts";
import { randomOf } from "../../scripts/simulate/synthetic-people.ts";

type Random = () => number;
/** A name in Arabic, and its usual spellings in Latin letters. */
type Spelled = readonly [arabic: string, ...latin: string[]];

const GIVEN: Record<"female" | "male", readonly Spelled[]> = {
  male: [
    ["محمد", "Mohamed", "Mohammed", "Muhammad", "Mohammad"],
    ["أحمد", "Ahmed", "Ahmad"],
    ["عبد القادر", "Abdelkader", "Abd el Kader", "Abdel Kader"],
    ["عبد الرحمان", "Abderrahmane", "Abdurrahman"],
    ["يوسف", "Youcef", "Youssef", "Yusuf"],
    ["ياسين", "Yacine", "Yassine", "Yasin"],
    ["خالد", "Khaled", "Khalid"],
    ["رشيد", "Rachid", "Rashid"],
    ["جمال", "Djamel", "Jamal", "Djamal"],
    ["مصطفى", "Mustapha", "Mostefa", "Moustafa"],
    ["إبراهيم", "Brahim", "Ibrahim"],
    ["عمر", "Omar", "Amar", "Umar"],
    ["سعيد", "Said", "Saïd"],
    ["حسين", "Hocine", "Hussein", "Houcine"],
    ["عثمان", "Othmane", "Otmane", "Uthman"],
    ["بلقاسم", "Belkacem", "Belgacem"],
    ["هشام", "Hichem", "Hisham"],
    ["نور الدين", "Noureddine", "Nour Eddine", "Nureddin"],
    ["وليد", "Walid", "Oualid"],
    ["كريم", "Karim", "Krim"],
    ["طارق", "Tarek", "Tariq"],
    ["أيوب", "Ayoub", "Ayub"],
    ["زكريا", "Zakaria", "Zakariya"],
    ["مولود", "Mouloud", "Mulud"],
  ],
  female: [
    ["فاطمة", "Fatima", "Fatma"],
    ["خديجة", "Khadidja", "Khadija"],
    ["عائشة", "Aicha", "Aïcha", "Aisha"],
    ["زينب", "Zineb", "Zaynab", "Zeyneb"],
    ["سعاد", "Souad", "Suad"],
    ["حليمة", "Halima"],
    ["مريم", "Meriem", "Mariam", "Meryem"],
    ["نادية", "Nadia"],
    ["سمية", "Soumia", "Sumaya", "Soumeya"],
    ["شهرزاد", "Chahrazad", "Scheherazade", "Chahrazed"],
    ["غنية", "Ghania"],
    ["جميلة", "Djamila", "Jamila"],
    ["ياسمينة", "Yasmina", "Yassmina"],
    ["نجاة", "Nadjet", "Najat"],
    ["حورية", "Houria", "Huriya"],
    ["وردة", "Warda", "Ouarda"],
    ["صبرينة", "Sabrina"],
    ["رشيدة", "Rachida", "Rashida"],
    ["كلثوم", "Keltoum", "Kalthoum"],
    ["بختة", "Bakhta"],
  ],
};
const FAMILY: readonly Spelled[] = [
  ["بن علي", "Benali", "Ben Ali"],
  ["بوزيد", "Bouzid", "Buzid"],
  ["شريف", "Cherif", "Sharif"],
  ["حداد", "Haddad"],
  ["بلحاج", "Belhadj", "Belhaj"],
  ["قدور", "Kaddour", "Gaddour"],
  ["منصوري", "Mansouri", "Mansuri"],
  ["خليفي", "Khelifi", "Khalifi"],
  ["زروقي", "Zerrouki", "Zarruqi"],
  ["بن عيسى", "Benaissa", "Ben Aïssa"],
  ["مزيان", "Meziane", "Mezian"],
  ["عمراني", "Amrani", "Omrani"],
  ["غربي", "Gherbi", "Gharbi"],
  ["طالب", "Taleb", "Talib"],
  ["سليماني", "Slimani", "Sulaimani"],
  ["بوعلام", "Boualem", "Bualam"],
  ["حمادي", "Hamadi", "Hammadi"],
  ["جلول", "Djelloul", "Jalloul"],
  ["يحياوي", "Yahiaoui", "Yahyaoui"],
  ["مرابط", "Merabet", "Mrabet"],
  ["رحماني", "Rahmani"],
  ["توهامي", "Touhami", "Tuhami"],
  ["صحراوي", "Sahraoui", "Sahrawi"],
  ["العربي", "Larbi", "El Arbi"],
  ["قاسمي", "Kacemi", "Gasmi", "Qasimi"],
  ["بوشارب", "Bouchareb"],
  ["خروبي", "Kharroubi", "Kherroubi"],
  ["دحماني", "Dahmani"],
  ["فرحات", "Ferhat", "Farhat"],
  ["لعمري", "Lamri", "Laamri"],
  ["معمري", "Maameri", "Mammeri"],
  ["نصري", "Nasri"],
  ["حميدي", "Hamidi"],
  ["بن خدة", "Benkhedda", "Ben Khedda"],
  ["بوتفليقة", "Bouteflika"],
  ["زيتوني", "Zitouni", "Zaytuni"],
  ["بومدين", "Boumediene", "Boumedienne"],
  ["قرفي", "Guerfi", "Gharfi"],
  ["ضيف", "Dif", "Dhif"],
  ["مخلوفي", "Makhloufi", "Mekhloufi"],
];

const pick = <Of>(random: Random, all: readonly Of[]): Of => all[Math.floor(random() * all.length)] as Of;
const two = (value: number): string => `${value}`.padStart(2, "0");

/** `count` people: the stored record, and that of another desk in the other script. Ids are `s0`, `s1`, … */
export function* peopleOfTwoScripts(count: number, seed = 1): Generator<{ here: Patient & { id: string }; there: Patient }> {
  const random = randomOf(seed);
  const spelled = ([arabic, ...latin]: Spelled, isArabic: boolean): string => (isArabic ? arabic : pick(random, latin));
  for (let n = 0; n < count; n += 1) {
    const gender = random() < 0.5 ? "female" : "male";
    const [family, given, isArabic] = [pick(random, FAMILY), pick(random, GIVEN[gender]), random() < 0.5];
    const named = (inArabic: boolean): HumanName[] => [{ family: spelled(family, inArabic), given: [spelled(given, inArabic)] }];
    const birthDate = `${1930 + Math.floor(random() * 95)}-${two(1 + Math.floor(random() * 12))}-${two(1 + Math.floor(random() * 28))}`;
    const phone = random() < 0.5 && { telecom: [{ system: "phone" as const, value: `0${Math.floor(5e8 + random() * 2e8)}` }] };
    const common = { resourceType: "Patient" as const, gender, birthDate } as const;
    // Half of those with a phone give it again.
    yield {
      here: { ...common, id: `s${n}`, name: named(isArabic), ...phone },
      there: { ...common, name: named(!isArabic), ...(random() < 0.5 && phone) },
    };
  }
}
