/** Words beside a person's name, or in place of one, in English, French and Arabic, and what they say of the person. */
import { fold } from "./search/fold.ts";

/**
 * `staff`: a title of the hospital's staff; `address`: a title of anybody; `relation`: a relative of the patient; `role`: a role or a
 * thing, which is no name; `filler`: says nothing.
 */
export type WordKind = "staff" | "address" | "relation" | "role" | "filler";

const WORDS: Record<WordKind, readonly string[]> = {
  staff: [
    "dr doctor prof professor md phd rn np nurse physician surgeon midwife matron pharmacist sister",
    "docteur docteure pr professeur professeure infirmier infirmiere sage medecin chirurgien chirurgienne pharmacien pharmacienne",
    "د دكتور دكتورة الدكتور الدكتورة أستاذ أستاذة الأستاذ الأستاذة ممرض ممرضة الممرض الممرضة طبيب طبيبة الطبيب الطبيبة جراح جراحة قابلة القابلة صيدلي صيدلانية",
  ],
  address: ["mr mrs ms miss sir madam", "m mme mlle monsieur madame mademoiselle", "سيد سيدة السيد السيدة آنسة الآنسة الحاج الحاجة"],
  relation: [
    "mother mum mom father dad parent parents son daughter child husband wife spouse partner brother aunt uncle cousin niece nephew",
    "grandmother grandfather guardian carer caregiver relative relatives family neighbour neighbor friend patient",
    "mere maman pere papa fils fille enfant mari epoux epouse femme conjoint conjointe frere soeur tante oncle cousine tuteur tutrice",
    "famille proche voisin voisine ami amie aidant aidante patiente",
    "أم الأم والدة الوالدة والدته والدتها أب الأب والد الوالد والده والدها ابن ابنه ابنها ابنة ابنته ابنتها زوج الزوج زوجها زوجة الزوجة زوجته",
    "أخ الأخ أخوه أخوها أخت الأخت أخته أختها عم عمه عمها عمة خال خاله خالها خالة جد الجد جدة الجدة جدته جدتها قريب قريبة العائلة الأسرة جار جارة صديق صديقة ولي المريض المريضة مريض مريضة",
  ],
  role: [
    "pastor priest imam chaplain rabbi vicar reverend deacon laboratory lab ward pharmacy hospital clinic reception",
    "pasteur pretre aumonier rabbin diacre laboratoire service pharmacie hopital clinique accueil",
    "إمام الإمام قس القس شيخ الشيخ كاهن مختبر المختبر قسم صيدلية مستشفى عيادة",
  ],
  filler: ["by signed the", "par signe la le", "من بقلم بواسطة"],
};

const KINDS: ReadonlyMap<string, WordKind> = new Map(
  (Object.entries(WORDS) as [WordKind, string[]][]).flatMap(([kind, lists]) =>
    lists.flatMap((words) => words.split(" ").map((word) => [fold(word), kind] as const)),
  ),
);

/** Degrees, which also follow a name, and are nobody's name. */
export const DEGREES: ReadonlySet<string> = new Set(["md", "phd", "rn", "np"]);

/** @param word folded @param before the word before it */
export const kindOfWord = (word: string, before: string | undefined): WordKind | undefined =>
  before === "sage" && word === "femme" ? "staff" : KINDS.get(word);
