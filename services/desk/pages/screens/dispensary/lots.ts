/** Lots as text, and what several parts of the dispensary and the home page ask for: lots, and prescriptions to be prepared. */
import type { Location } from "../../../../../fhir/r4.ts";
import type { Code, LotUnits, pharmacy as pharmacyContract, StockOfLot } from "../../../../pharmacy/pharmacy.contract.ts";
import { html } from "../../html.ts";
import { actionsOf, readAll } from "../../platform/api.ts";
import { dateOf, day, today } from "../../platform/clock.ts";
import { t } from "../../platform/texts.ts";

const pharmacy = actionsOf<typeof pharmacyContract>("pharmacy");
/** Number of days that count as soon, as in the service. */
const SOON_DAYS = 30;

/** Age limit of prescriptions to be prepared, days; older ones are found by the patient's name. */
const MAX_AGE_DAYS = 30;

/** The search for prescriptions to be prepared. */
export const toPrepare = (): Record<string, string> => ({ status: "active", intent: "order", authoredon: `ge${day(MAX_AGE_DAYS)}` });

/** `system|code`, as in requests for stock. */
export const tokenOf = ({ system, code }: Code): string => `${system}|${code}`;

/** Lots with the names of their places. */
export interface Lots {
  lots: StockOfLot[];
  places: Map<string, Location>;
}

async function withPlaces(lots: StockOfLot[]): Promise<Lots> {
  const places = await readAll<Location>(lots.flatMap(({ place }) => place ?? []));
  return { lots, places };
}

/** The lots of a medication in stock. */
export const lotsOf = async (medication: Code): Promise<Lots> => withPlaces(await pharmacy.listLots({ medication: tokenOf(medication) }));

/** Lots that expire within 30 days, or have expired. */
export const expiringLots = async (): Promise<Lots> => withPlaces(await pharmacy.expiring({ days: SOON_DAYS }));

/** The place of a lot. */
export const placeOf = ({ place }: LotUnits, places: Lots["places"]): string =>
  place === undefined ? t("stock.place.default") : (places.get(place)?.name ?? place);

/** The lot number, or a text if there is none. */
export const numberOfLot = ({ lot }: LotUnits): string => lot || t("stock.noLot");

/** Number of days until a lot expires; for a FHIR date without day or month, until its last day. */
export function daysLeft(expires: string): number {
  const [year = 0, month, last] = expires.split("-").map(Number);
  const end = last === undefined ? Date.UTC(year, month ?? 12, 0) : Date.parse(expires);
  return Math.round((end - Date.parse(today())) / 86_400_000);
}

/** Until when it may be used, and why not any more. */
export function Usable({ of: { expires, unusable } }: { of: LotUnits & Pick<StockOfLot, "unusable"> }) {
  const left = expires === undefined ? Number.POSITIVE_INFINITY : daysLeft(expires);
  const isLate = unusable === undefined && left <= SOON_DAYS;
  return html`${expires && html`<span class="nowrap">${dateOf(expires)}</span> `}${unusable ? html`<span class="tag bad">⚠ ${t(`stock.${unusable}`)}</span>` : isLate && html`<span class="tag warn">${t("stock.days", { n: Math.max(0, left) })}</span>`}`;
}
