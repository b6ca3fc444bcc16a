/** Audit: who has accessed a record, what a person has accessed, and whether the ledger is intact. */
import { useState } from "preact/hooks";
import type { Practitioner } from "../../../../fhir/r4.ts";
import type { ledger as ledgerContract, Looks } from "../../../ledger/ledger.contract.ts";
import { html } from "../html.ts";
import { DateField } from "../parts/date-field.ts";
import { Field } from "../parts/field.ts";
import { Form } from "../parts/form.ts";
import { LookList, spoken } from "../parts/looks.ts";
import { sayFault, tell } from "../parts/notices.ts";
import { codeNamed } from "../parts/code-field.ts";
import { actionsOf, search } from "../platform/api.ts";
import { startOf } from "../platform/clock.ts";
import type { KnownCode } from "../platform/known-codes.ts";
import { useLoad } from "../platform/load.ts";
import { nameOf } from "../platform/names.ts";
import { t } from "../platform/texts.ts";

const ledger = actionsOf<typeof ledgerContract>("ledger");

/** Limit of people to choose by name; others are typed as they are named in the records. */
const MAX_PEOPLE = "1000";

async function practitioners(): Promise<KnownCode[]> {
  const { resources } = await search<Practitioner>("Practitioner", { _count: MAX_PEOPLE, _elements: "name", _sort: "family" });
  return resources.map((one) => ({ system: "", code: `Practitioner/${one.id}`, display: nameOf(one) }));
}

export default function Audit() {
  const [text, setText] = useState("");
  const [looks, setLooks] = useState<Looks | undefined>();
  const [asked, setAsked] = useState("");
  const [until, setUntil] = useState("");
  const people = useLoad("practitioners", practitioners);
  const ask = (wanted: string, before?: string) => {
    const page = { language: spoken(), ...(before !== undefined && { before }) };
    return wanted.startsWith("Patient/") ? ledger.looksAt({ patient: wanted, ...page }) : ledger.looksBy({ who: wanted, ...page });
  };
  const send = async () => {
    const wanted = codeNamed(people.value ?? (await practitioners()), text)?.code ?? text.trim();
    setLooks(await ask(wanted, until ? startOf(until) : undefined));
    setAsked(wanted);
  };
  const older = async () => {
    try {
      const more = await ask(asked, looks?.next);
      setLooks({ ...more, looks: [...(looks?.looks ?? []), ...more.looks] });
    } catch (error) {
      sayFault(error);
    }
  };
  const check = async () => {
    try {
      const { events, broken } = await ledger.check({});
      tell(broken ? t("audit.broken", { from: broken.from, to: broken.to }) : t("audit.whole", { n: events }));
    } catch (error) {
      sayFault(error);
    }
  };
  return html`<section class="panel" aria-label=${t("looks")}>
    <header><h2>${t("looks")}</h2><button type="button" onClick=${check}>${t("audit.check")}</button></header>
    <${Form} send=${send} submit=${t("audit.ask")} label=${t("looks")} isInline>
      ${(faultOf: (field: string) => string | undefined) => html`<div class="fields">
        <${Field} label=${t("audit.who")} name="audit-who" value=${text} onValue=${setText} list="audit-people" hint=${t("audit.who.hint")} required fault=${faultOf("who") ?? faultOf("patient")} />
        <${DateField} label=${t("audit.before")} name="audit-before" value=${until} onValue=${setUntil} fault=${faultOf("before")} /></div>
        <datalist id="audit-people">${(people.value ?? []).map(({ code, display }) => html`<option key=${code} value=${display}>${code}</option>`)}</datalist>`}
    <//>
    ${looks && html`<${LookList} looks=${looks} />`}
    ${looks?.next !== undefined && html`<div class="buttons"><button type="button" onClick=${older}>${t("audit.older")}</button></div>`}
  </section>`;
}
