/** The shelf: how much is there, deliveries, and what was counted. */
import { useState } from "preact/hooks";
import type { pharmacy as pharmacyContract, StockItem } from "../../../../pharmacy/pharmacy.contract.ts";
import { html } from "../../html.ts";
import { CodeField, codeNamed } from "../../parts/code-field.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { For } from "../../parts/for.ts";
import { say } from "../../parts/notices.ts";
import { Panel } from "../../parts/panel.ts";
import { Wide } from "../../parts/wide.ts";
import { actionsOf, Refused } from "../../platform/api.ts";
import { type KnownCode, knownMedications } from "../../platform/known-codes.ts";
import { useLoad, useTurn } from "../../platform/load.ts";
import { numberIn } from "../../platform/names.ts";
import { t } from "../../platform/texts.ts";

const pharmacy = actionsOf<typeof pharmacyContract>("pharmacy");

interface Shown {
  stock: StockItem[];
  names: KnownCode[];
}

const nameOf = ({ medication }: StockItem, names: KnownCode[]): string =>
  names.find(({ system, code }) => system === medication.system && code === medication.code)?.display ??
  medication.display ??
  medication.code;

/** @param turn another one: something was handed out */
export function Shelf({ turn }: { turn: number }) {
  const shelf = useLoad("shelf", async () => ({ stock: await pharmacy.listStock({}), names: await knownMedications() }));
  useTurn(shelf, turn);
  const [open, setOpen] = useState<StockItem | "delivery" | undefined>();
  const show = ({ stock, names }: Shown) => html`<${Wide} label=${t("shelf")}><table>
    <thead><tr><th scope="col">${t("medication.one")}</th><th scope="col" class="figure">${t("quantity")}</th><td></td></tr></thead>
    <tbody>${stock.map(
      (one) => html`<tr key=${one.medication.code}><th scope="row"><bdi>${nameOf(one, names)}</bdi></th>
        <td class="figure">${numberIn(one.quantity)} ${one.quantity === 0 && html`<span class="tag bad">${t("shelf.empty")}</span>`}</td>
        <td><button type="button" class="quiet" onClick=${() => setOpen(one)}>${t("shelf.count")}<${For} who=${nameOf(one, names)} /></button></td></tr>`,
    )}</tbody></table><//>`;
  const actions = html`<button type="button" onClick=${() => setOpen("delivery")}>${t("shelf.delivery")}</button>`;
  const close = () => setOpen(undefined);
  const done = () => {
    close();
    shelf.reload();
  };
  const names = shelf.value?.names ?? [];
  return html`<${Panel} title=${t("shelf")} loaded=${shelf} show=${show} actions=${actions} />
    ${open === "delivery" && html`<${Delivery} names=${names} onClose=${close} onDone=${done} />`}
    ${typeof open === "object" && html`<${Count} item=${open} name=${nameOf(open, names)} onClose=${close} onDone=${done} />`}`;
}

function Delivery({ names, onClose, onDone }: { names: KnownCode[]; onClose: () => void; onDone: () => void }) {
  const [name, setName] = useState("");
  const [quantity, setQuantity] = useState("");
  const [lot, setLot] = useState("");
  const send = async () => {
    const medication = codeNamed(names, name);
    if (!medication) throw new Refused(422, "CHOOSE_FROM_LIST", "");
    const { stock } = await pharmacy.receive({ medication, quantity: Number(quantity), ...(lot && { lot }) });
    const back = () => pharmacy.adjust({ medication, by: -Number(quantity), reason: t("undo.reason") }).then(onDone);
    say(t("shelf.arrived", { n: numberIn(stock.quantity) }), back);
    onDone();
  };
  return html`<${Dialog} title=${t("shelf.delivery")} onClose=${onClose}>
    <${Form} send=${send} submit=${t("shelf.take")} onCancel=${onClose} fieldOf=${{ CHOOSE_FROM_LIST: "medication" }}>
      ${(
        faultOf: (field: string) => string | undefined,
      ) => html`<${CodeField} label=${t("medication.one")} name="delivery-medication" value=${name} onValue=${setName} codes=${names} fault=${faultOf("medication")} />
        <div class="fields">
          <${Field} label=${t("quantity")} name="delivery-quantity" type="number" min="1" value=${quantity} onValue=${setQuantity} required fault=${faultOf("quantity")} />
          <${Field} label=${t("shelf.lot")} name="delivery-lot" value=${lot} onValue=${setLot} />
        </div>`}
    <//>
  <//>`;
}

function Count({ item, name, onClose, onDone }: { item: StockItem; name: string; onClose: () => void; onDone: () => void }) {
  const [quantity, setQuantity] = useState(`${item.quantity}`);
  const send = async () => {
    const { by } = await pharmacy.count({ medication: item.medication, quantity: Number(quantity) });
    say(t("shelf.counted", { by: numberIn(by, { signDisplay: "exceptZero" }) }));
    onDone();
  };
  return html`<${Dialog} title=${`${t("shelf.count")} · ${name}`} onClose=${onClose}>
    <${Form} send=${send} submit=${t("store")} onCancel=${onClose}>
      ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("shelf.counted.label")} name="count-quantity" type="number" min="0" value=${quantity} onValue=${setQuantity} required autofocus fault=${faultOf("quantity")} />`}
    <//>
  <//>`;
}
