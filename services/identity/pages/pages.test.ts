import { codePage, consentPage, loginPage, passwordPage, patientPage } from "./forms.ts";
import { html } from "./html.ts";
import { languageFor } from "./language.ts";
import ar from "./messages/ar.json" with { type: "json" };
import en from "./messages/en.json" with { type: "json" };
import fr from "./messages/fr.json" with { type: "json" };
import { pageText } from "./page.ts";
import { codesPage, setUpPage } from "./second-factor-forms.ts";

describe("the pages", () => {
  it("say the same in each language", () => {
    expect(Object.keys(fr)).toEqual(Object.keys(en));
    expect(Object.keys(ar)).toEqual(Object.keys(en));
    const filled = (messages: Record<string, string>) =>
      Object.values(messages).map((text) => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort());
    expect(filled(fr).map((names) => [...new Set(names)])).toEqual(filled(en).map((names) => [...new Set(names)]));
    expect(filled(ar).map((names) => [...new Set(names)])).toEqual(filled(en).map((names) => [...new Set(names)]));
  });

  it.each([
    [undefined, "fr-CH, de;q=0.9, en;q=0.8", "fr", "ltr"],
    [undefined, "de, ar;q=0.7, en;q=0.3", "ar", "rtl"],
    ["de fr", "en", "fr", "ltr"],
    [undefined, "de", "en", "ltr"],
    [undefined, undefined, "en", "ltr"],
  ])("are in the language of who reads them: %j, %j", (uiLocales, accepted, code, direction) => {
    expect(languageFor(uiLocales, accepted)).toMatchObject({ code, direction });
  });

  it("escape everything that is not meant to be HTML", () => {
    expect(html`<p title="${'"'}">${"<b>&'"}${html`<i></i>`}</p>`.text).toBe('<p title="&quot;">&lt;b&gt;&amp;&#39;<i></i></p>');
  });

  const language = languageFor("en", undefined);
  const text = "It is wrong.";
  it.each([
    ["a sign-in", loginPage(language, "an app", { text, fields: ["password", "login"] }, "rossi"), ["password", "login"]],
    ["a code", codePage(language, { text, fields: ["code"] }), ["code"]],
    ["a new password", passwordPage(language, "rossi", { text, fields: ["repeat"] }), ["repeat"]],
    ["an authenticator app", setUpPage(language, "SECRET", { fault: { text, fields: ["code"] } }), ["code"]],
  ])("say of %s what is wrong at the field, which has the focus", (_, page, fields) => {
    const inputs = [...pageText(page, language).matchAll(/<input id="(\w+)"[^>]*>/g)];
    const wrong = inputs.filter(([input]) => /aria-invalid="true"/.test(input) && /aria-describedby="fault( [\w-]+)?"/.test(input));
    expect(wrong.map(([, id]) => id).sort()).toEqual([...fields].sort());
    expect(inputs.filter(([input]) => /\sautofocus/.test(input)).map(([, id]) => id)).toEqual(fields.slice(0, 1));
    expect(pageText(page, language)).toContain(`<p class="fault" role="alert" id="fault">${text}</p>`);
  });

  it("show a key and recovery codes from left to right in every language, as they are typed", () => {
    const arabic = languageFor("ar", undefined);
    expect(pageText(setUpPage(arabic, "2345ABCD6723", {}), arabic)).toContain('<code dir="ltr">2345 ABCD 6723</code>');
    expect(pageText(codesPage(arabic, ["12-34"]), arabic)).toContain('<code dir="ltr">12-34</code>');
  });

  it.each([
    ["en", "1951-03-08", "(born 8 March 1951)"],
    ["fr", "1951-03-08", "(né(e) le 8 mars 1951)"],
    ["ar", "1951-03-08", "(تاريخ الميلاد 8 مارس 1951)"],
    ["en", "1951-03", "(born in March 1951)"],
    ["fr", "1951-03", "(né(e) en mars 1951)"],
    ["ar", "1951-03", "(شهر الميلاد مارس 1951)"],
    ["en", "1951", "(born in 1951)"],
    ["fr", "1951", "(né(e) en 1951)"],
    ["ar", "1951", "(سنة الميلاد 1951)"],
  ])("tell patients of one name apart by their birth date, as it is written in %s: %s", (code, born, told) => {
    const reader = languageFor(code, undefined);
    const page = pageText(patientPage(reader, "an app", "rossi", [{ id: "1", name: "Ada Rossi", born }], false), reader);
    expect(page).toContain("<bdi>Ada Rossi</bdi>");
    expect(page).toContain(told);
  });

  it.each([
    ["patient/MedicationRequest.rs", "Read: MedicationRequest of the chosen patient"],
    ["patient/Medication.rs", "Read: Medication that you may see"], // medications are no patient's
    ["patient/Medication.cruds", "Read, write and delete: Medication of the chosen patient"],
    ["patient/*.rs", "Read: all records of the chosen patient"],
    ["user/Patient.rs", "Read: Patient that you may see"],
  ])("ask for consent to what the app will see: %s", (scope, told) => {
    expect(pageText(consentPage(language, "an app", [scope]), language)).toContain(`<li>${told}</li>`);
  });

  it("focus the first field with an error, and keep the login name", () => {
    const begun = (page: ReturnType<typeof loginPage>) =>
      [...pageText(page, language).matchAll(/<input id="(\w+)"[^>]*\sautofocus[^>]*>/g)].map(([, id]) => id);
    expect(begun(loginPage(language, "an app"))).toEqual(["login"]);
    const busy = loginPage(language, "an app", { text }, 'ro"ssi');
    expect(begun(busy)).toEqual(["password"]);
    expect(pageText(busy, language)).toContain('value="ro&quot;ssi"');
  });
});
