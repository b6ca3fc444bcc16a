/** Names that this house gives the tests of its laboratory, in each language of the pages. */
import { useState } from "preact/hooks";
import type { Catalogue, WithNames } from "../../../../lab/bench.contract.ts";
import type { lab as labContract } from "../../../../lab/lab.contract.ts";
import { html } from "../../html.ts";
import { CodeField, codeNamed } from "../../parts/code-field.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { MergeView } from "../../parts/merge-view.ts";
import { say } from "../../parts/notices.ts";
import { Panel } from "../../parts/panel.ts";
import { actionsOf, Refused } from "../../platform/api.ts";
import { useLoad } from "../../platform/load.ts";
import { testCatalogue, testText } from "../../platform/test-names.ts";
import { LANGUAGES, language, t } from "../../platform/texts.ts";

const lab = actionsOf<typeof labContract>("lab");

const namesOf = ({ designation = [] }: WithNames): Record<string, string> =>
  Object.fromEntries(LANGUAGES.map(([code]) => [code, designation.find((one) => one.language === code)?.value ?? ""]));

type Named = WithNames & { code: string };

/** Others have named the test since it was chosen here. */
interface Conflict {
  test: Named;
  base: Record<string, string>;
  mine: Record<string, string>;
  theirs: Record<string, string>;
}

/** See the head of this file. */
export function TestNames() {
  const known = useLoad(`test names ${language.value}`, testCatalogue);
  const show = (catalogue: Catalogue) => html`<${Names} catalogue=${catalogue} onDone=${known.reload} />`;
  return html`<${Panel} title=${t("testNames")} loaded=${known} show=${show} />`;
}

function Names({ catalogue: { system, tests, panels }, onDone }: { catalogue: Catalogue; onDone: () => void }) {
  const [text, setText] = useState("");
  const [names, setNames] = useState<Record<string, string>>({});
  const [seen, setSeen] = useState<Record<string, string>>({});
  const [conflict, setConflict] = useState<Conflict | undefined>();
  const all = [...panels, ...tests];
  const codes = all.map(({ code, display }) => ({ system, code, display: testText({ system, code, display }) }));
  const chosen = (typed: string) => all.find(({ code }) => code === codeNamed(codes, typed)?.code);
  const choose = (typed: string) => {
    setText(typed);
    const test = chosen(typed);
    const now = test ? namesOf(test) : {};
    setNames(now);
    setSeen(now);
  };
  /** One language after the other; what was given before is given back by the undo. */
  const store = async (code: string, from: Record<string, string>, to: Record<string, string>) => {
    for (const [one] of LANGUAGES) {
      const name = to[one]?.trim();
      if (name !== from[one]) await lab.nameTest({ code, language: one, ...(name && { name }), seen: from[one] ?? "" });
    }
    onDone();
  };
  const send = async () => {
    const test = chosen(text);
    if (!test) throw new Refused(422, "CHOOSE_FROM_LIST", "");
    await storeFrom(test, seen, names);
  };
  /** @param before as it was when it was chosen, or as others have stored it since */
  const storeFrom = async (test: Named, before: Record<string, string>, wanted: Record<string, string>) => {
    try {
      await store(test.code, before, wanted);
    } catch (error) {
      if (!(error instanceof Refused) || error.type !== "NAME_CHANGED") throw error;
      const now = await testCatalogue();
      const found = [...now.panels, ...now.tests].find(({ code }) => code === test.code);
      if (!found) throw error;
      return setConflict({ test: found, base: before, mine: wanted, theirs: namesOf(found) });
    }
    say(t("testNames.stored", { what: wanted[language.value]?.trim() || test.display }), () => store(test.code, wanted, before));
    setConflict(undefined);
    choose("");
  };
  if (conflict) {
    const { test, theirs } = conflict;
    const merge = (chosen: Record<string, string>) => storeFrom(test, theirs, chosen);
    return html`<h3><bdi>${test.display}</bdi></h3><${MergeView} label=${t("testNames")} labels=${Object.fromEntries(LANGUAGES)} ...${conflict} onChosen=${merge} />`;
  }
  return html`<p class="muted">${t("testNames.about")}</p>
    <${Form} send=${send} submit=${t("store")} label=${t("testNames")} fieldOf=${{ CHOOSE_FROM_LIST: "code", TEST_UNKNOWN: "code" }}>
    ${(faultOf: (field: string) => string | undefined) => html`<div class="fields">
      <div><${CodeField} label=${t("order.test")} name="named-test" value=${text} onValue=${choose} codes=${codes} fault=${faultOf("code")} /></div>
      ${LANGUAGES.map(([code, own]) => html`<${Field} key=${code} label=${own} name=${`test-name-${code}`} value=${names[code] ?? ""} onValue=${(name: string) => setNames({ ...names, [code]: name })} />`)}
    </div>`}
  <//>`;
}
