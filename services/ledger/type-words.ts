/** Words for types of resources, roles and purposes in sentences. Others are shown as their code. */
import type { LedgerLanguage } from "./ledger.contract.ts";

type Names = Record<string, Record<LedgerLanguage, string>>;

/** By type: the part of the record; and by action. */
const TYPES: Names = {
  Account: { en: "the account", fr: "le compte", ar: "الحساب" },
  AllergyIntolerance: { en: "the allergies", fr: "les allergies", ar: "الحساسيات" },
  Appointment: { en: "the appointments", fr: "les rendez-vous", ar: "المواعيد" },
  AuditEvent: { en: "who has looked at it", fr: "les consultations du dossier", ar: "من اطّلع على الملف" },
  CarePlan: { en: "the care plans", fr: "les plans de soins", ar: "خطط الرعاية" },
  CareTeam: { en: "the care teams", fr: "les équipes de soins", ar: "فرق الرعاية" },
  ChargeItem: { en: "the charges", fr: "les prestations facturées", ar: "الخدمات المحتسبة" },
  Claim: { en: "the claims", fr: "les demandes de remboursement", ar: "المطالبات" },
  Communication: { en: "the hand-over notes", fr: "les transmissions", ar: "ملاحظات التسليم" },
  Composition: { en: "the documents", fr: "les documents", ar: "الوثائق" },
  Condition: { en: "the problems", fr: "les problèmes", ar: "المشكلات" },
  Consent: { en: "the consents", fr: "les consentements", ar: "الموافقات" },
  Coverage: { en: "the insurance", fr: "l’assurance", ar: "التأمين" },
  DiagnosticReport: { en: "the reports of results", fr: "les comptes rendus d’examens", ar: "تقارير النتائج" },
  DocumentReference: { en: "the notes", fr: "les notes", ar: "الملاحظات" },
  Encounter: { en: "the visits and stays", fr: "les visites et séjours", ar: "الزيارات والإقامات" },
  ImagingStudy: { en: "the images", fr: "l’imagerie", ar: "الصور الطبية" },
  Immunization: { en: "the vaccinations", fr: "les vaccinations", ar: "اللقاحات" },
  Invoice: { en: "the bills", fr: "les factures", ar: "الفواتير" },
  Location: { en: "the wards and beds", fr: "les services et les lits", ar: "الأجنحة والأسرّة" },
  MedicationAdministration: { en: "the doses given", fr: "les doses administrées", ar: "الجرعات المعطاة" },
  MedicationDispense: { en: "the medication handed out", fr: "les médicaments délivrés", ar: "الأدوية المصروفة" },
  MedicationRequest: { en: "the prescriptions", fr: "les prescriptions", ar: "الوصفات" },
  MedicationStatement: { en: "the medication taken", fr: "les médicaments pris", ar: "الأدوية المتناولة" },
  Observation: { en: "the results and measurements", fr: "les résultats et mesures", ar: "النتائج والقياسات" },
  Patient: { en: "the personal details", fr: "l’identité", ar: "البيانات الشخصية" },
  Practitioner: { en: "the staff", fr: "le personnel", ar: "العاملين" },
  Procedure: { en: "the procedures", fr: "les actes", ar: "الإجراءات" },
  Provenance: { en: "the signatures", fr: "les signatures", ar: "التوقيعات" },
  RelatedPerson: { en: "the relatives", fr: "les proches", ar: "الأقارب" },
  ServiceRequest: { en: "the orders", fr: "les demandes d’examens", ar: "طلبات الفحوص" },
  Specimen: { en: "the specimens", fr: "les prélèvements", ar: "العينات" },
  "identity.changeRole": { en: "the change of a role’s rights", fr: "la modification des droits d’un rôle", ar: "تعديل صلاحيات دور" },
  "identity.closeUser": { en: "the closing of an account", fr: "la fermeture d’un compte", ar: "إغلاق حساب" },
  "identity.confirmRole": {
    en: "the confirmation of a role’s rights",
    fr: "la confirmation des droits d’un rôle",
    ar: "تأكيد صلاحيات دور",
  },
  "identity.createClient": { en: "the registration of an app", fr: "l’enregistrement d’une application", ar: "تسجيل تطبيق" },
  "identity.createUser": { en: "the creation of an account", fr: "la création d’un compte", ar: "إنشاء حساب" },
  "identity.endSessions": { en: "the end of an account’s sessions", fr: "la fin des sessions d’un compte", ar: "إنهاء جلسات حساب" },
  "identity.rejectRole": { en: "the rejection of a role’s rights", fr: "le rejet des droits d’un rôle", ar: "رفض صلاحيات دور" },
  "identity.removeClient": { en: "the removal of an app", fr: "le retrait d’une application", ar: "إزالة تطبيق" },
  "identity.renewKeys": {
    en: "the renewal of the keys of tokens",
    fr: "le renouvellement des clés des jetons",
    ar: "تجديد مفاتيح رموز الدخول",
  },
  "identity.resetPassword": { en: "the reset of a password", fr: "la réinitialisation d’un mot de passe", ar: "إعادة تعيين كلمة مرور" },
  "identity.resetRole": { en: "the reset of a role’s rights", fr: "le rétablissement des droits d’un rôle", ar: "استعادة صلاحيات دور" },
  "identity.setPractitioner": {
    en: "the link of an account to a practitioner",
    fr: "le lien d’un compte avec un professionnel",
    ar: "ربط حساب بممارس",
  },
  "identity.setRoles": { en: "the change of an account’s roles", fr: "la modification des rôles d’un compte", ar: "تعديل أدوار حساب" },
  "identity.changePassword": {
    en: "the change of the own password",
    fr: "le changement de son mot de passe",
    ar: "تغيير كلمة المرور الخاصة",
  },
  "identity.endSecondFactor": { en: "the end of the second factor", fr: "l’arrêt du second facteur", ar: "إيقاف العامل الثاني" },
  "identity.setPassword": { en: "a link that sets the password", fr: "un lien pour choisir le mot de passe", ar: "رابط تعيين كلمة المرور" },
  "identity.startSecondFactor": {
    en: "the set-up of a second factor",
    fr: "la mise en place d’un second facteur",
    ar: "إعداد العامل الثاني",
  },
  "ledger.expire": {
    en: "the audit log, after its retention",
    fr: "le journal d’audit, après sa durée de conservation",
    ar: "سجل التدقيق بعد انتهاء مدة حفظه",
  },
  "ledger.looksAt": { en: "the record of looks", fr: "la liste des consultations", ar: "سجل الاطلاع" },
  "patients.candidates": { en: "the search for duplicates", fr: "la recherche de doublons", ar: "البحث عن ملفات مكررة" },
  "patients.match": { en: "the search for duplicates", fr: "la recherche de doublons", ar: "البحث عن ملفات مكررة" },
  Task: { en: "the tasks", fr: "les tâches", ar: "المهام" },
};

/** By role: the area of work, in words that fit women and men. */
const ROLES: Names = {
  administrator: { en: "administrator", fr: "administration", ar: "إدارة النظام" },
  operator: { en: "operator", fr: "exploitation", ar: "التشغيل" },
  auditor: { en: "auditor", fr: "audit", ar: "التدقيق" },
  billing: { en: "billing", fr: "facturation", ar: "الفوترة" },
  "front-desk": { en: "front desk", fr: "accueil", ar: "الاستقبال" },
  "lab-technician": { en: "laboratory", fr: "laboratoire", ar: "المختبر" },
  midwife: { en: "midwife", fr: "sage-femme", ar: "القِبالة" },
  nurse: { en: "nurse", fr: "soins infirmiers", ar: "التمريض" },
  pharmacist: { en: "pharmacist", fr: "pharmacie", ar: "الصيدلة" },
  physician: { en: "physician", fr: "médecin", ar: "الأطباء" },
  "records-office": { en: "records office", fr: "bureau des dossiers", ar: "مكتب السجلات" },
  system: { en: "system", fr: "système", ar: "نظام" },
};

/** By code of HL7's PurposeOfUse. */
const PURPOSES: Names = {
  TREAT: { en: "treatment", fr: "soins", ar: "العلاج" },
  ETREAT: { en: "emergency treatment", fr: "soins d’urgence", ar: "علاج طارئ" },
  HPAYMT: { en: "payment", fr: "facturation", ar: "الدفع" },
  HOPERAT: { en: "running of the hospital", fr: "fonctionnement de l’établissement", ar: "تشغيل المستشفى" },
  HRESCH: { en: "research", fr: "recherche", ar: "البحث العلمي" },
  PATRQT: { en: "at the patient’s request", fr: "à la demande du patient", ar: "بطلب من صاحب الملف" },
  PUBHLTH: { en: "public health", fr: "santé publique", ar: "الصحة العامة" },
};

const nameIn = (names: Names) => (code: string, language: LedgerLanguage) => names[code]?.[language] ?? code;

/** The words for a type. */
export const typeIn = nameIn(TYPES);
/** The words for a role. */
export const roleIn = nameIn(ROLES);
/** The words for a purpose of use. */
export const purposeIn = nameIn(PURPOSES);
