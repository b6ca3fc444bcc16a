/** AuditEvents as sentences. Names are not translated. */
import type { AuditedDeed } from "../../federation/audit-contract.ts";
import { visibleText } from "../../fhir/visible-text.ts";
import type { LedgerLanguage } from "./ledger.contract.ts";
import { purposeIn, roleIn, typeIn } from "./type-words.ts";

/** The parts of a sentence. */
export interface Said {
  language: LedgerLanguage;
  deed: AuditedDeed;
  /** Absent: unknown. */
  name?: string | undefined;
  role?: string | undefined;
  /** Types of resources, or an action. */
  what: string[];
  isDone: boolean;
  /** For an access that failed: by an error of the server rather than a refusal. */
  isFault?: boolean;
  /** Address of the client, if known. */
  address?: string | undefined;
  /** Number of attempts. */
  count?: number;
  purpose?: string | undefined;
}

type Words = Record<AuditedDeed, string> & {
  tried: string;
  failed: string;
  unknown: string;
  from: string;
  times: string;
  record: string;
  purpose: string;
  comma: string;
};

/** `%w`: who; `%t`: what; `%n`: how often. The person's sex is unknown, so that no verb or participle may agree with it. */
const WORDS: Record<LedgerLanguage, Words> = {
  en: {
    read: "%w has read %t",
    vread: "%w has read an earlier version of %t",
    history: "%w has read the history of %t",
    search: "%w has searched %t",
    create: "%w has added to %t",
    update: "%w has changed %t",
    delete: "%w has deleted something of %t",
    operation: "%w has used %t",
    "sign-in": "%w has signed in",
    "sign-out": "%w has signed out",
    token: "%w has come with a token that is not valid",
    tried: " (refused)",
    failed: " (failed)",
    unknown: "Somebody unknown",
    from: ", from ",
    times: ", %n times",
    record: "the record",
    purpose: ", purpose: ",
    comma: ", ",
  },
  fr: {
    read: "%w a lu %t",
    vread: "%w a lu une version antérieure : %t",
    history: "%w a lu l’historique : %t",
    search: "%w a cherché dans %t",
    create: "%w a complété %t",
    update: "%w a modifié %t",
    delete: "%w a effacé une entrée : %t",
    operation: "%w a utilisé %t",
    "sign-in": "%w a ouvert une session",
    "sign-out": "%w a fermé sa session",
    token: "%w a présenté un jeton d’accès non valable",
    tried: " (refus)",
    failed: " (échec)",
    unknown: "Personne inconnue",
    from: ", depuis ",
    times: ", %n fois",
    record: "le dossier",
    purpose: ", motif : ",
    comma: ", ",
  },
  ar: {
    read: "%w: الاطلاع على %t",
    vread: "%w: الاطلاع على نسخة سابقة من %t",
    history: "%w: الاطلاع على سجل تغييرات %t",
    search: "%w: البحث في %t",
    create: "%w: الإضافة إلى %t",
    update: "%w: تعديل %t",
    delete: "%w: الحذف من %t",
    operation: "%w: استخدام %t",
    "sign-in": "%w: تسجيل الدخول",
    "sign-out": "%w: تسجيل الخروج",
    token: "%w: تقديم رمز دخول غير صالح",
    tried: " (مرفوض)",
    failed: " (فشل)",
    unknown: "شخص غير معروف",
    from: "، من العنوان ",
    times: "، عدد المرات: %n",
    record: "الملف",
    purpose: "، الغرض: ",
    comma: "، ",
  },
};

/** Isolates a name or a code, which keeps its own writing direction. It cannot look like a line of its own, nor turn the sentence around. */
const isolated = (text: string, language: LedgerLanguage): string =>
  language === "ar" ? `\u2068${visibleText(text)}\u2069` : visibleText(text);

/** The sentence in the given language. @param role several are separated by spaces */
export function sentenceOf({ language, deed, name, role, what, isDone, isFault, purpose, address, count = 1 }: Said): string {
  const words = WORDS[language];
  const roles = (role ?? "").split(" ").filter(Boolean);
  const known = (one: string, named: string) => (named === one ? isolated(one, language) : named);
  const who = `${name === undefined ? words.unknown : isolated(name, language)}${roles.length > 0 ? ` (${roles.map((one) => known(one, roleIn(one, language))).join(words.comma)})` : ""}`;
  const of = what.map((one) => known(one, typeIn(one, language))).join(words.comma) || words.record;
  const why = purpose ? words.purpose + known(purpose, purposeIn(purpose, language)) : "";
  const sentence = (words[deed] ?? words.operation).replace("%w", () => who).replace("%t", () => of);
  const from = address ? words.from + isolated(address, language) : "";
  const times = count > 1 ? words.times.replace("%n", String(count)) : "";
  return sentence + why + from + times + (isDone ? "" : isFault ? words.failed : words.tried);
}
