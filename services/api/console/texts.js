// What the page at / says, in the languages of the pages; the first of the browser's that is one of them.
const TEXTS = {
  en: {
    looking: "Looking…",
    signIn: "Sign in",
    signInFirst: "Sign in to see what runs where",
    notAllowed: "Your role does not show what runs where",
    allUp: "All services are up",
    down: (names) => `Down: ${names}`,
    isDown: "down",
    silent: "The gateway does not answer",
    signInDown: "The sign-in cannot be reached: is the service identity up?",
    open: "ACCESS=open: anybody who reaches this address may read and change everything.",
    pages: "Pages",
    metadata: "FHIR metadata",
    rate: "Requests / s",
    documents: "Documents",
    services: "Services",
    nodes: "Nodes",
    where: "What runs where",
    service: "Service",
    size: "Size",
    calls: "Calls / s",
  },
  fr: {
    looking: "Un instant…",
    signIn: "Se connecter",
    signInFirst: "Connectez-vous pour voir ce qui fonctionne et où",
    notAllowed: "Votre rôle ne montre pas ce qui fonctionne et où",
    allUp: "Tous les services fonctionnent",
    down: (names) => `En panne : ${names}`,
    isDown: "en panne",
    silent: "La passerelle ne répond pas",
    signInDown: "La connexion est inaccessible : le service identity fonctionne-t-il ?",
    open: "ACCESS=open : toute personne qui atteint cette adresse peut tout lire et tout modifier.",
    pages: "Pages",
    metadata: "Métadonnées FHIR",
    rate: "Requêtes / s",
    documents: "Documents",
    services: "Services",
    nodes: "Nœuds",
    where: "Ce qui fonctionne et où",
    service: "Service",
    size: "Taille",
    calls: "Appels / s",
  },
  ar: {
    looking: "لحظة…",
    signIn: "تسجيل الدخول",
    signInFirst: "سجّل الدخول لترى ما يعمل وأين",
    notAllowed: "دورك لا يتيح رؤية ما يعمل وأين",
    allUp: "كل الخدمات تعمل",
    down: (names) => `متوقفة: ${names}`,
    isDown: "متوقفة",
    silent: "البوابة لا تستجيب",
    signInDown: "تعذّر الوصول إلى تسجيل الدخول: هل تعمل خدمة identity؟",
    open: "ACCESS=open: كل من يصل إلى هذا العنوان يستطيع قراءة كل شيء وتغييره.",
    pages: "الصفحات",
    metadata: "بيانات FHIR الوصفية",
    rate: "طلبات / ث",
    documents: "المستندات",
    services: "الخدمات",
    nodes: "العُقد",
    where: "ما يعمل وأين",
    service: "الخدمة",
    size: "الحجم",
    calls: "نداءات / ث",
  },
};

export const language = navigator.languages.map((one) => one.slice(0, 2)).find((one) => Object.hasOwn(TEXTS, one)) ?? "en";
export const texts = TEXTS[language];
// Numbers have Latin digits in every language, as on all pages.
export const locale = language === "ar" ? "ar-u-nu-latn" : navigator.language;

/** Puts the texts of this language where the page names them. */
export function translate() {
  document.documentElement.lang = language;
  document.documentElement.dir = language === "ar" ? "rtl" : "ltr";
  for (const one of document.querySelectorAll("[data-text]")) one.textContent = texts[one.dataset.text];
}
