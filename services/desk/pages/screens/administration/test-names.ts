/** The hospital's names of laboratory tests, in each language of the pages. */
import { useState } from "preact/hooks";
import type { Catalogue } from "../../../../lab/bench.contract.ts";
import { html } from "../../html.ts";
import { CodeField, codeNamed } from "../../parts/code-field.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { MergeView } from "../../parts/merge-view.ts";
import { say } from "../../parts/notices.ts";
import { Panel } from "../../parts/panel.ts";
import { Refused } from "../../platform/api.ts";
import { useDraft } from "../../platform/drafts.ts";
import { useLoad } from "../../platform/load.ts";
import { testCatalogue, testText } from "../../platform/test-names.ts";
import { LANGUAGES, language, t } from "../../platform/texts.ts";
import {
  giveNames,
  type Named,
  type Names,
  type Naming,
  namesOf,
  namingOf,
  namingSince,
  takeNamesBack,
  testNow,
} from "./hospital-names.ts";

/** Others have renamed the test since it was chosen here. */
interface Conflict {
  test: Named;
  base: Names;
  mine: Names;
  theirs: Names;
}

export function TestNames() {
  const known = useLoad(`test names ${language.value}`, testCatalogue);
  const show = (catalogue: Catalogue) => html`<${NameTests} catalogue=${catalogue} onDone=${known.reload} />`;
  return html`<${Panel} title=${t("testNames")} loaded=${known} show=${show} />`;
}

function NameTests({ catalogue: { system, tests, panels }, onDone }: { catalogue: Catalogue; onDone: () => void }) {
  const { draft, set, clear, typed } = useDraft("names of a test");
  const { test: text = "", seen } = draft.value;
  const all: Named[] = [...panels, ...tests];
  const codes = all.map(({ code, display }) => ({ system, code, display: testText({ system, code, display }) }));
  const testOf = (name: string) => all.find(({ code }) => code === codeNamed(codes, name)?.code);
  const [naming, setNaming] = useState<Naming | undefined>(() => {
    const test = testOf(text);
    // The names that were shown when the others were typed, which may be before a reload.
    return test && seen !== undefined ? { ...namingOf(test), now: JSON.parse(seen) as Names } : undefined;
  });
  const [conflict, setConflict] = useState<Conflict | undefined>();
  const choose = (name: string) => {
    const test = testOf(name);
    clear();
    set("test", name);
    if (test) set("seen", JSON.stringify(namesOf(test)));
    setNaming(test && namingOf(test));
  };
  const end = () => {
    setConflict(undefined);
    clear();
    setNaming(undefined);
    onDone();
  };
  const nameIn = (language: string): string => typed()[language] ?? naming?.now[language] ?? "";
  const send = async () => {
    if (!naming) throw new Refused(422, "CHOOSE_FROM_LIST", "");
    await storeAs(naming, Object.fromEntries(LANGUAGES.map(([code]) => [code, nameIn(code)])));
  };
  const storeAs = async (one: Naming, wanted: Names) => {
    const base = { ...one.now };
    try {
      await giveNames(one, wanted);
    } catch (error) {
      const test = error instanceof Refused && error.type === "NAME_CHANGED" ? await testNow(one.code) : undefined;
      if (!test) throw error;
      const theirs = namesOf(test);
      setNaming(namingSince(one, theirs));
      return setConflict({ test, base, mine: wanted, theirs });
    }
    const what = wanted[language.value]?.trim() || codes.find(({ code }) => code === one.code)?.display || one.code;
    say(t("testNames.stored", { what }), () => takeNamesBack(one).finally(onDone));
    end();
  };
  if (conflict && naming) {
    const { test, ...sides } = conflict;
    const merge = (chosen: Names) => storeAs(naming, chosen);
    return html`<h3><bdi>${test.display}</bdi></h3><${MergeView} label=${t("testNames")} labels=${Object.fromEntries(LANGUAGES)} ...${sides} onChosen=${merge} onCancel=${end} />`;
  }
  return html`<p class="muted">${t("testNames.about")}</p>
    <${Form} send=${send} submit=${t("store")} label=${t("testNames")} fieldOf=${{ CHOOSE_FROM_LIST: "code", TEST_UNKNOWN: "code" }}>
    ${(faultOf: (field: string) => string | undefined) => html`<div class="fields">
      <div><${CodeField} label=${t("result.test")} name="named-test" value=${text} onValue=${choose} codes=${codes} fault=${faultOf("code")} /></div>
      ${LANGUAGES.map(([code, own]) => html`<${Field} key=${code} label=${own} name=${`test-name-${code}`} value=${nameIn(code)} onValue=${(name: string) => set(code, name)} />`)}
    </div>`}
  <//>`;
}
