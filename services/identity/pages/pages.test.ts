import { html } from "./html.ts";
import { languageFor } from "./language.ts";
import ar from "./messages/ar.json" with { type: "json" };
import en from "./messages/en.json" with { type: "json" };
import fr from "./messages/fr.json" with { type: "json" };

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

  it("put nothing into HTML that is not meant to be HTML", () => {
    expect(html`<p title="${'"'}">${"<b>&'"}${html`<i></i>`}</p>`.text).toBe('<p title="&quot;">&lt;b&gt;&amp;&#39;<i></i></p>');
  });
});
