/** The stock movements of a medication: time, kind, lot, place and reason. */
import type { Location } from "../../../../../fhir/r4.ts";
import type { Code, pharmacy as pharmacyContract, StockMovement } from "../../../../pharmacy/pharmacy.contract.ts";
import { html } from "../../html.ts";
import { NotKnown } from "../../parts/panel.ts";
import { Wide } from "../../parts/wide.ts";
import { actionsOf, readAll } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import { useLoad, useTurn } from "../../platform/load.ts";
import { numberIn, t } from "../../platform/texts.ts";
import { numberOfLot, placeOf, tokenOf } from "./lots.ts";

const pharmacy = actionsOf<typeof pharmacyContract>("pharmacy");

async function movementsOf(medication: Code) {
  const movements = await pharmacy.listMovements({ medication: tokenOf(medication) });
  return { movements, places: await readAll<Location>(movements.flatMap(({ place }) => place ?? [])) };
}

/** @param turn changes with the stock */
export function Movements({ medication, turn }: { medication: Code; turn: number }) {
  const known = useLoad(`movements ${tokenOf(medication)}`, () => movementsOf(medication));
  useTurn(known, turn);
  const { movements = [], places = new Map<string, Location>() } = known.value ?? {};
  const row = (one: StockMovement, index: number) => html`<tr key=${index}>
    <td class="nowrap">${momentOf(one.at)}</td><td>${t(`movement.${one.kind}`)}${one.reason && html`<br /><bdi class="muted">${one.reason}</bdi>`}</td>
    <td><bdi>${numberOfLot(one)}</bdi><br /><bdi class="muted">${placeOf(one, places)}</bdi></td>
    <td class="figure">${numberIn(one.quantity, { signDisplay: "exceptZero" })}</td></tr>`;
  return html`<${NotKnown} loaded=${known} />
    ${known.isLoading && html`<p class="muted" aria-busy="true">${t("loading")}</p>`}
    ${known.value && movements.length === 0 && html`<p class="muted">${t("movements.none")}</p>`}
    ${
      movements.length > 0 &&
      html`<${Wide} label=${t("movements")}><table class="stacked"><thead><tr><th scope="col">${t("result.when")}</th><th scope="col">${t("movements.what")}</th><th scope="col">${t("shelf.lot")}</th><th scope="col" class="figure">${t("quantity")}</th></tr></thead>
        <tbody>${movements.map(row)}</tbody></table><//>`
    }`;
}
