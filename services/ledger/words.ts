/** What an AuditEvent says, as a sentence. Names, types and codes stay as they are. */
import type { AuditedDeed } from "../../federation/audit-contract.ts";
import type { LedgerLanguage } from "./ledger.contract.ts";

/** What a sentence is made of. */
export interface Said {
  language: LedgerLanguage;
  deed: AuditedDeed;
  name: string;
  role?: string | undefined;
  /** Types of resources, or an action. */
  what: string[];
  isDone: boolean;
  purpose?: string | undefined;
}

type Words = Record<AuditedDeed, string> & { tried: string; record: string; purpose: string };

/** `%w`: who; `%t`: what. */
const WORDS: Record<LedgerLanguage, Words> = {
  en: {
    read: "%w has read %t",
    vread: "%w has read an earlier version of %t",
    history: "%w has read the history of %t",
    search: "%w has searched %t",
    create: "%w has written a new %t",
    update: "%w has changed %t",
    delete: "%w has deleted %t",
    operation: "%w has used %t",
    "sign-in": "%w has signed in",
    "sign-out": "%w has signed out",
    tried: " (refused)",
    record: "the record",
    purpose: ", purpose: ",
  },
  fr: {
    read: "%w a lu %t",
    vread: "%w a lu une version antérieure de %t",
    history: "%w a lu l’historique de %t",
    search: "%w a cherché dans %t",
    create: "%w a écrit un nouveau %t",
    update: "%w a modifié %t",
    delete: "%w a supprimé %t",
    operation: "%w a utilisé %t",
    "sign-in": "%w s’est connecté",
    "sign-out": "%w s’est déconnecté",
    tried: " (refusé)",
    record: "le dossier",
    purpose: ", motif : ",
  },
  ar: {
    read: "قام %w بقراءة %t",
    vread: "قام %w بقراءة نسخة سابقة من %t",
    history: "قام %w بقراءة سجل %t",
    search: "قام %w بالبحث في %t",
    create: "قام %w بكتابة %t جديد",
    update: "قام %w بتعديل %t",
    delete: "قام %w بحذف %t",
    operation: "قام %w باستخدام %t",
    "sign-in": "قام %w بتسجيل الدخول",
    "sign-out": "قام %w بتسجيل الخروج",
    tried: " (مرفوض)",
    record: "الملف",
    purpose: "، الغرض: ",
  },
};

/** The sentence, in the language that is asked for. */
export function sentenceOf({ language, deed, name, role, what, isDone, purpose }: Said): string {
  const words = WORDS[language];
  const who = role ? `${name} (${role})` : name;
  const sentence = (words[deed] ?? words.operation).replace("%w", () => who).replace("%t", () => what.join(", ") || words.record);
  return sentence + (purpose ? words.purpose + purpose : "") + (isDone ? "" : words.tried);
}
