/** The stock: quantities, lots that expire soon, deliveries, and the stock card of each medication. */
import { useState } from "preact/hooks";
import type { pharmacy as pharmacyContract, StockItem } from "../../../../pharmacy/pharmacy.contract.ts";
import { html } from "../../html.ts";
import { CodeField, codeNamedNow } from "../../parts/code-field.ts";
import { Dialog } from "../../parts/dialog.ts";
import { DateField } from "../../parts/date-field.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { NumberField } from "../../parts/number-field.ts";
import { say } from "../../parts/notices.ts";
import { Panel } from "../../parts/panel.ts";
import { Wide } from "../../parts/wide.ts";
import { actionsOf, Refused } from "../../platform/api.ts";
import { type KnownCode, knownMedications } from "../../platform/known-codes.ts";
import { useLoad, useTurn } from "../../platform/load.ts";
import { numberIn, t } from "../../platform/texts.ts";
import { Expiring } from "./expiring.ts";
import { tokenOf } from "./lots.ts";
import { NewMedication } from "./new-medication.ts";
import { StockCard } from "./stock-card.ts";
import { useKept } from "../../platform/drafts.ts";

const pharmacy = actionsOf<typeof pharmacyContract>("pharmacy");

interface Shown {
  stock: StockItem[];
  /** Tokens of medications to be ordered at some place. */
  toOrder: Set<string>;
  names: KnownCode[];
}

const nameOf = ({ medication }: Pick<StockItem, "medication">, names: KnownCode[]): string =>
  names.find(({ system, code }) => system === medication.system && code === medication.code)?.display ??
  medication.display ??
  medication.code;

async function readShelf(): Promise<Shown> {
  const [stock, names, below] = await Promise.all([
    pharmacy.listStock({}),
    knownMedications(),
    pharmacy.listReorderLevels({ isBelow: true }),
  ]);
  return { stock, names, toOrder: new Set(below.map(({ medication }) => tokenOf(medication))) };
}

/** @param turn changes when something was dispensed */
export function Shelf({ turn }: { turn: number }) {
  const shelf = useLoad("shelf", readShelf);
  useTurn(shelf, turn);
  const [open, setOpen] = useState<Pick<StockItem, "medication"> | "delivery" | "new" | undefined>();
  const [changes, setChanges] = useState(0);
  const show = ({ stock, names, toOrder }: Shown) =>
    stock.length === 0
      ? html`<p class="muted">${t("shelf.none")}</p>`
      : html`<${Wide} label=${t("shelf")}><table>
    <thead><tr><th scope="col">${t("medication.one")}</th><th scope="col" class="figure">${t("quantity")}</th></tr></thead>
    <tbody>${stock.map(
      (
        one,
      ) => html`<tr key=${one.medication.code}><th scope="row"><button type="button" class="name" title=${t("stock.card")} onClick=${() => setOpen(one)}><bdi>${nameOf(one, names)}</bdi></button></th>
        <td class="figure">${toOrder.has(tokenOf(one.medication)) && html`<span class="tag warn">⚠ ${t("stock.toOrder")}</span> `}${one.quantity === 0 && html`<span class="tag bad">${t("shelf.empty")}</span> `}${t("units", { n: one.quantity })}</td></tr>`,
    )}</tbody></table><//>`;
  const actions = html`<button type="button" class="quiet" onClick=${() => setOpen("new")}>${t("medication.new")}</button> <button type="button" onClick=${() => setOpen("delivery")}>${t("shelf.delivery")}</button>`;
  const close = () => setOpen(undefined);
  const changed = () => {
    shelf.reload();
    setChanges((before) => before + 1);
  };
  const names = shelf.value?.names ?? [];
  return html`<${Panel} title=${t("shelf")} loaded=${shelf} show=${show} actions=${actions} id="part-shelf" />
    ${open === "new" && html`<${NewMedication} names=${names} onClose=${close} onDone=${changed} />`}
    ${open === "delivery" && html`<${Delivery} names=${names} onClose=${close} onDone=${changed} />`}
    <${Expiring} turn=${turn + changes} nameOf=${(one: StockItem) => nameOf(one, names)} onOpen=${setOpen} />
    ${typeof open === "object" && html`<${StockCard} medication=${open.medication} name=${nameOf(open, names)} onClose=${close} onChange=${changed} />`}`;
}

function Delivery({ names, onClose, onDone }: { names: KnownCode[]; onClose: () => void; onDone: () => void }) {
  const kept = `delivery`;
  const [name, setName] = useKept(kept, "name");
  const [quantity, setQuantity] = useKept(kept, "quantity");
  const [lot, setLot] = useKept(kept, "lot");
  const [expires, setExpires] = useKept(kept, "expires");
  const send = async () => {
    const medication = await codeNamedNow(names, knownMedications, name);
    if (!medication) throw new Refused(422, "CHOOSE_FROM_LIST", "");
    const of = { medication, ...(lot && { lot }) };
    const { stock } = await pharmacy.receive({ ...of, quantity: Number(quantity), ...(expires && { expires }) });
    const back = () => pharmacy.adjust({ ...of, by: -Number(quantity), reason: t("undo.reason") }).then(onDone);
    say(t("shelf.arrived", { n: numberIn(stock.quantity) }), back);
    onClose();
    onDone();
  };
  return html`<${Dialog} title=${t("shelf.delivery")} onClose=${onClose}>
    <${Form} draft=${kept} send=${send} submit=${t("shelf.take")} onCancel=${onClose} fieldOf=${{ CHOOSE_FROM_LIST: "medication", LOT_DIFFERS: "expires" }}>
      ${(
        faultOf: (field: string) => string | undefined,
      ) => html`<${CodeField} label=${t("medication.one")} name="delivery-medication" value=${name} onValue=${setName} codes=${names} autofocus fault=${faultOf("medication")} />
        <div class="fields">
          <${NumberField} label=${t("quantity")} name="delivery-quantity" min="1" value=${quantity} onValue=${setQuantity} required fault=${faultOf("quantity")} />
          <${Field} label=${t("shelf.lot")} name="delivery-lot" value=${lot} onValue=${setLot} />
          <${DateField} label=${t("stock.expires")} name="delivery-expires" value=${expires} onValue=${setExpires} isLast fault=${faultOf("expires")} />
        </div>`}
    <//>
  <//>`;
}
