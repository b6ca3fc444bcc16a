/** Moves units of a lot to another place: to a ward's store, or back to the dispensary. */
import type { Location } from "../../../../../fhir/r4.ts";
import type { pharmacy as pharmacyContract, StockOfLot } from "../../../../pharmacy/pharmacy.contract.ts";
import { html } from "../../html.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { NumberField } from "../../parts/number-field.ts";
import { say } from "../../parts/notices.ts";
import { NotKnown } from "../../parts/panel.ts";
import { actionsOf, Refused, search } from "../../platform/api.ts";
import { useLoad } from "../../platform/load.ts";
import { joined, numberIn, t } from "../../platform/texts.ts";
import { useKept } from "../../platform/drafts.ts";
import { tokenOf } from "./lots.ts";

const pharmacy = actionsOf<typeof pharmacyContract>("pharmacy");
/** Places to choose from: wards and dispensaries, without rooms and beds. */
const MAX_PLACES = "200";
/** The default place, as a choice. */
const DEFAULT = "default";

const places = async (): Promise<Location[]> =>
  (await search<Location>("Location", { "partof:missing": "true", status: "active", _sort: "name", _count: MAX_PLACES })).resources;

interface TransferProps {
  of: StockOfLot;
  onClose: () => void;
  onDone: () => void;
}

export function Transfer({ of: { medication, lot, place, quantity: there }, onClose, onDone }: TransferProps) {
  const known = useLoad("places of stock", places);
  const kept = `transfer ${tokenOf(medication)} ${lot} ${place} ${there}`;
  const [quantity, setQuantity] = useKept(kept, "quantity", `${there}`);
  const [chosen, setChosen] = useKept(kept, "place");
  const choices: [string, string][] = [
    ["", t("choose")],
    ...(place === undefined ? [] : [[DEFAULT, t("stock.place.default")] as [string, string]]),
    ...(known.value ?? []).map((one): [string, string] => [`Location/${one.id}`, one.name ?? ""]).filter(([one]) => one !== place),
  ];
  const hint = known.value && choices.length === 1 ? t("choice.none") : undefined;
  const send = async () => {
    if (chosen === "") throw new Refused(422, "CHOOSE_FROM_LIST", "");
    const to = chosen === DEFAULT ? undefined : chosen;
    const of = { medication, quantity: Number(quantity), ...(lot && { lot }) };
    await pharmacy.transfer({ ...of, ...(place && { from: place }), ...(to && { to }) });
    const name = choices.find(([one]) => one === chosen)?.[1] ?? "";
    say(t("stock.isMoved", { n: numberIn(Number(quantity)), place: name }), async () => {
      await pharmacy.transfer({ ...of, ...(to && { from: to }), ...(place && { to: place }), reason: t("undo.reason") });
      onDone();
    });
    onClose();
    onDone();
  };
  return html`<${NotKnown} loaded=${known} /><${Form} draft=${kept} send=${send} submit=${t("stock.transfer")} onCancel=${onClose} label=${t("stock.transfer")} fieldOf=${{ STOCK_TOO_LOW: "quantity", CHOOSE_FROM_LIST: "place" }}>
    ${(faultOf: (field: string) => string | undefined) => html`<div class="fields">
      <${NumberField} label=${joined(t("quantity"), lot || t("stock.noLot"))} name="transfer-quantity" min="1" max=${`${there}`} value=${quantity} onValue=${setQuantity} required autofocus fault=${faultOf("quantity")} />
      <${Field} label=${t("stock.to")} name="transfer-place" value=${chosen} onValue=${setChosen} options=${choices} hint=${hint} required fault=${faultOf("place")} />
    </div>`}
  <//>`;
}
