/** Lots that expire soon, or have expired: to be used first, or removed. */
import type { StockOfLot } from "../../../../pharmacy/pharmacy.contract.ts";
import { html } from "../../html.ts";
import { Panel } from "../../parts/panel.ts";
import { Wide } from "../../parts/wide.ts";
import { type Loaded, useLoad, useTurn } from "../../platform/load.ts";
import { joined, t } from "../../platform/texts.ts";
import { expiringLots, type Lots, numberOfLot, placeOf, Usable } from "./lots.ts";

interface ExpiringProps {
  /** Changes with the stock. */
  turn: number;
  nameOf: (lot: StockOfLot) => string;
  onOpen: (lot: StockOfLot) => void;
}

export function Expiring({ turn, nameOf, onOpen }: ExpiringProps) {
  const known: Loaded<Lots> = useLoad("expiring", expiringLots);
  useTurn(known, turn);
  const row = (one: StockOfLot, places: Lots["places"]) => html`<tr key=${`${one.medication.code} ${one.lot} ${one.place}`}>
    <th scope="row"><button type="button" class="name" title=${t("stock.card")} onClick=${() => onOpen(one)}><bdi>${nameOf(one)}</bdi></button><br /><bdi class="muted">${joined(numberOfLot(one), placeOf(one, places))}</bdi></th>
    <td><${Usable} of=${one} /></td><td class="figure">${t("units", { n: one.quantity })}</td></tr>`;
  const show = ({ lots, places }: Lots) =>
    lots.length === 0
      ? html`<p class="muted">${t("stock.noneExpires")}</p>`
      : html`<${Wide} label=${t("stock.expiring")}><table class="stacked"><thead><tr><th scope="col">${t("medication.one")}</th><th scope="col">${t("stock.expires")}</th><th scope="col" class="figure">${t("quantity")}</th></tr></thead>
        <tbody>${lots.map((one) => row(one, places))}</tbody></table><//>`;
  return html`<${Panel} title=${t("stock.expiring")} loaded=${known} show=${show} id="part-expiring" />`;
}
