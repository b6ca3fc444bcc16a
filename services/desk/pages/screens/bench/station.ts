/** The laboratory station whose orders are shown: the one last chosen by this person in this browser. */
import { useMemo, useState } from "preact/hooks";
import type { BenchOrder, Catalogue } from "../../../../lab/bench.contract.ts";
import { html } from "../../html.ts";
import { Field } from "../../parts/field.ts";
import { person } from "../../platform/sign-in.ts";
import { nameIn } from "../../platform/test-names.ts";
import { language, numberIn, t } from "../../platform/texts.ts";

/** Orders of tests without a station in the catalogue. */
const ELSEWHERE = "-";
const keptAs = (): string => `desk.station.${person.value?.id ?? ""}`;

/** The tests of an order: for a panel its members. */
export const testsOf = ({ test }: BenchOrder, { panels }: Catalogue): string[] =>
  panels.find(({ code }) => code === test.code)?.tests ?? [test.code];

/** The stations of an order: for a panel one or several. */
function stationsOf(order: BenchOrder, catalogue: Catalogue): string[] {
  const codes = new Set(testsOf(order, catalogue));
  const found = catalogue.tests.flatMap(({ code, station }) => (station !== undefined && codes.has(code) ? [station] : []));
  return found.length > 0 ? [...new Set(found)] : [ELSEWHERE];
}

/** The chosen station; none if the catalogue does not have it (any more). */
export function useStation(): [string, (code: string) => void] {
  const [station, setStation] = useState(localStorage.getItem(keptAs()) ?? "");
  const choose = (code: string) => {
    localStorage.setItem(keptAs(), code);
    setStation(code);
  };
  return [station, choose];
}

/** The orders of a station; for an unknown station all. */
export function atStation<Of extends BenchOrder>(orders: Of[], catalogue: Catalogue, station: string): Of[] {
  const isKnown = station === ELSEWHERE || catalogue.stations?.some(({ code }) => code === station);
  return isKnown ? orders.filter((one) => stationsOf(one, catalogue).includes(station)) : orders;
}

interface StationProps {
  orders: BenchOrder[];
  catalogue: Catalogue;
  station: string;
  onChoose: (code: string) => void;
}

/** Chooses the station; not shown if the catalogue has none. */
export function StationChoice({ orders, catalogue, station, onChoose }: StationProps) {
  const { stations = [] } = catalogue;
  // Not counted again at each key that is typed beside it.
  const options = useMemo(() => {
    const counted = (code: string, name: string) => [code, `${name} (${numberIn(atStation(orders, catalogue, code).length)})`] as const;
    const isElsewhere = station === ELSEWHERE || atStation(orders, catalogue, ELSEWHERE).length > 0;
    return [
      counted("", t("bench.station.all")),
      ...stations.map((one) => counted(one.code, nameIn(language.value, one))),
      ...(isElsewhere ? [counted(ELSEWHERE, t("bench.station.none"))] : []),
    ];
  }, [orders, catalogue, station, language.value]);
  if (stations.length === 0) return null;
  const value = options.some(([code]) => code === station) ? station : "";
  return html`<${Field} label=${t("bench.station")} name="bench-station" value=${value} onValue=${onChoose} options=${options} />`;
}
