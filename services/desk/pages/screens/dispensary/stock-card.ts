/** The stock card of a medication: its lots with place and expiry; counted, moved, blocked; and its movements. */
import { useState } from "preact/hooks";
import type { Code, pharmacy as pharmacyContract, StockOfLot } from "../../../../pharmacy/pharmacy.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { For } from "../../parts/for.ts";
import { Form } from "../../parts/form.ts";
import { NumberField } from "../../parts/number-field.ts";
import { say } from "../../parts/notices.ts";
import { NotKnown } from "../../parts/panel.ts";
import { Wide } from "../../parts/wide.ts";
import { actionsOf } from "../../platform/api.ts";
import { useLoad } from "../../platform/load.ts";
import { joined, numberIn, t } from "../../platform/texts.ts";
import { lotsOf, type Lots, numberOfLot, placeOf, tokenOf, Usable } from "./lots.ts";
import { Movements } from "./movements.ts";
import { ReorderLevels } from "./reorder-levels.ts";
import { Transfer } from "./transfer.ts";
import { useKept } from "../../platform/drafts.ts";

const pharmacy = actionsOf<typeof pharmacyContract>("pharmacy");

interface CardProps {
  medication: Code;
  name: string;
  onClose: () => void;
  /** Called when the stock has changed. */
  onChange: () => void;
}

type Open = { kind: "count" | "block" | "transfer"; lot: StockOfLot };
const FORMS = { count: Count, block: Block, transfer: Transfer };

export function StockCard({ medication, name, onClose, onChange }: CardProps) {
  const known = useLoad(`lots ${tokenOf(medication)}`, () => lotsOf(medication));
  const [open, setOpen] = useState<Open | undefined>();
  const [hasHistory, setHistory] = useState(false);
  const [turn, setTurn] = useState(0);
  const changed = () => {
    known.reload();
    setTurn((before) => before + 1);
    onChange();
  };
  const act = (kind: Open["kind"], lot: StockOfLot, text: string) =>
    html`<button type="button" class="quiet" onClick=${() => setOpen({ kind, lot })}>${text}<${For} who=${numberOfLot(lot)} /></button>`;
  const row = (one: StockOfLot, places: Lots["places"]) => html`<tr key=${`${one.lot} ${one.place}`}>
    <th scope="row"><bdi>${numberOfLot(one)}</bdi><br /><bdi class="muted">${placeOf(one, places)}</bdi></th>
    <td><${Usable} of=${one} /></td><td class="figure">${t("units", { n: one.quantity })}</td>
    <td>${act("count", one, t("shelf.count"))} ${one.quantity > 0 && act("transfer", one, t("stock.transfer"))} ${one.lot !== "" && act("block", one, t(one.unusable === "blocked" ? "stock.release" : "stock.block"))}</td></tr>`;
  return html`<${Dialog} title=${joined(t("stock.card"), name)} onClose=${onClose}>
    <div class="stack">
      <${NotKnown} loaded=${known} />
      ${known.value?.lots.length === 0 && html`<p class="muted">${t("shelf.empty")}</p>`}
      ${
        known.value &&
        known.value.lots.length > 0 &&
        html`<${Wide} label=${t("stock.card")}><table class="stacked"><thead><tr><th scope="col">${t("shelf.lot")}</th><th scope="col">${t("stock.expires")}</th><th scope="col" class="figure">${t("quantity")}</th><td></td></tr></thead>
          <tbody>${known.value.lots.map((one) => row(one, (known.value as Lots).places))}</tbody></table><//>`
      }
      ${open && html`<${FORMS[open.kind]} key=${`${open.kind} ${open.lot.lot} ${open.lot.place}`} of=${open.lot} onClose=${() => setOpen(undefined)} onDone=${changed} />`}
      ${known.value && html`<${ReorderLevels} medication=${medication} places=${[...new Set(known.value.lots.map(({ place }) => place))]} turn=${turn} onDone=${onChange} />`}
      <div class="buttons"><button type="button" aria-expanded=${hasHistory} onClick=${() => setHistory(!hasHistory)}>${t("movements")}</button></div>
      ${hasHistory && html`<${Movements} medication=${medication} turn=${turn} />`}
    </div>
  <//>`;
}

interface LotProps {
  of: StockOfLot;
  onClose: () => void;
  onDone: () => void;
}

function Count({ of: { medication, lot, place, quantity: before }, onClose, onDone }: LotProps) {
  const kept = `count ${tokenOf(medication)} ${lot} ${place} ${before}`;
  const [quantity, setQuantity] = useKept(kept, "quantity", `${before}`);
  const send = async () => {
    const of = { medication, ...(lot && { lot }), ...(place && { place }) };
    const { by } = await pharmacy.count({ ...of, quantity: Number(quantity), seen: before });
    // Undone by the difference of the count: dispenses since then stay.
    const back = () => pharmacy.adjust({ ...of, by: -by, reason: t("undo.reason") }).then(onDone);
    say(t("shelf.counted", { by: numberIn(by, { signDisplay: "exceptZero" }) }), ...(by === 0 ? [] : [back]));
    onClose();
    onDone();
  };
  return html`<${Form} draft=${kept} send=${send} submit=${t("store")} onCancel=${onClose} label=${t("shelf.count")} isInline>
    ${(faultOf: (field: string) => string | undefined) => html`<${NumberField} label=${joined(t("shelf.counted.label"), lot || t("stock.noLot"))} name="count-quantity" min="0" value=${quantity} onValue=${setQuantity} required autofocus fault=${faultOf("quantity")} />`}
  <//>`;
}

/** Blocks a lot, or releases it. */
function Block({ of: { medication, lot, unusable }, onClose, onDone }: LotProps) {
  const kept = `block ${lot}`;
  const [reason, setReason] = useKept(kept, "reason");
  const isBlocked = unusable === "blocked";
  const send = async () => {
    await (isBlocked ? pharmacy.releaseLot : pharmacy.blockLot)({ medication, lot, reason });
    say(t(isBlocked ? "stock.released" : "stock.isBlocked", { lot }), async () => {
      await (isBlocked ? pharmacy.blockLot : pharmacy.releaseLot)({ medication, lot, reason: t("undo.reason") });
      onDone();
    });
    onClose();
    onDone();
  };
  return html`<${Form} draft=${kept} send=${send} submit=${t(isBlocked ? "stock.release" : "stock.block")} onCancel=${onClose} label=${lot} isInline>
    ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${joined(t("reason"), lot)} name="block-reason" value=${reason} onValue=${setReason} required autofocus fault=${faultOf("reason")} />`}
  <//>`;
}
