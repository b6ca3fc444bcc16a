/** Audit: who has looked at a record, what somebody has looked at, and whether what was kept is whole. */
import { useState } from "preact/hooks";
import type { ledger as ledgerContract, Looks } from "../../../ledger/ledger.contract.ts";
import { html } from "../html.ts";
import { Field } from "../parts/field.ts";
import { Form } from "../parts/form.ts";
import { LookList, spoken } from "../parts/looks.ts";
import { say, sayFault } from "../parts/notices.ts";
import { actionsOf } from "../platform/api.ts";
import { t } from "../platform/texts.ts";

const ledger = actionsOf<typeof ledgerContract>("ledger");

/** See the head of this file. */
export default function Audit() {
  const [text, setText] = useState("");
  const [looks, setLooks] = useState<Looks | undefined>();
  const send = async () => {
    const wanted = text.trim();
    setLooks(
      await (wanted.startsWith("Patient/")
        ? ledger.looksAt({ patient: wanted, language: spoken() })
        : ledger.looksBy({ who: wanted, language: spoken() })),
    );
  };
  const check = async () => {
    try {
      const { events, broken } = await ledger.check({});
      say(broken ? t("audit.broken", { from: broken.from, to: broken.to }) : t("audit.whole", { n: events }));
    } catch (error) {
      sayFault(error);
    }
  };
  return html`<section class="panel" aria-label=${t("looks")}>
    <header><h2>${t("looks")}</h2><button type="button" onClick=${check}>${t("audit.check")}</button></header>
    <${Form} send=${send} submit=${t("audit.ask")} label=${t("looks")} isInline>
      ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("audit.who")} name="audit-who" value=${text} onValue=${setText} hint=${t("audit.who.hint")} required fault=${faultOf("who") ?? faultOf("patient")} />`}
    <//>
    ${looks && html`<${LookList} looks=${looks} />`}
  </section>`;
}
