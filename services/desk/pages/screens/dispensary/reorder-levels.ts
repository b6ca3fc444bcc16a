/** Reorder levels of a medication, at each place with stock or a level. */
import { useState } from "preact/hooks";
import type { Location } from "../../../../../fhir/r4.ts";
import type { Code, pharmacy as pharmacyContract, ReorderLevel } from "../../../../pharmacy/pharmacy.contract.ts";
import { html } from "../../html.ts";
import { EditingOf, useEditing } from "../../parts/editing.ts";
import { For } from "../../parts/for.ts";
import { Form } from "../../parts/form.ts";
import { NumberField } from "../../parts/number-field.ts";
import { say } from "../../parts/notices.ts";
import { NotKnown } from "../../parts/panel.ts";
import { actionsOf, readAll } from "../../platform/api.ts";
import { useLoad, useTurn } from "../../platform/load.ts";
import { joined, numberIn, t } from "../../platform/texts.ts";
import { placeOf, tokenOf } from "./lots.ts";

const pharmacy = actionsOf<typeof pharmacyContract>("pharmacy");

interface LevelsProps {
  medication: Code;
  /** Places with stock, "Location/…"; undefined: the default place. */
  places: (string | undefined)[];
  /** Changes with the stock. */
  turn: number;
  onDone: () => void;
}

/** A place with its level; without one none is set there. */
type Line = Pick<ReorderLevel, "place"> & Partial<ReorderLevel>;

async function linesOf(medication: Code, places: LevelsProps["places"]): Promise<{ lines: Line[]; names: Map<string, Location> }> {
  const levels = await pharmacy.listReorderLevels({ medication: tokenOf(medication) });
  const others = places.filter((place) => levels.every((one) => one.place !== place));
  const lines: Line[] = [...levels, ...new Set(others.length + levels.length === 0 ? [undefined] : others)].map((one) =>
    typeof one === "object" ? one : one === undefined ? {} : { place: one },
  );
  return { lines, names: await readAll<Location>(lines.flatMap(({ place }) => place ?? [])) };
}

export function ReorderLevels({ medication, places, turn, onDone }: LevelsProps) {
  const known = useLoad(`levels ${tokenOf(medication)} ${places.join()}`, () => linesOf(medication, places));
  useTurn(known, turn);
  const [open, setOpen] = useState<Line | undefined>();
  const done = () => {
    known.reload();
    onDone();
  };
  const row = (one: Line, name: string) => html`<li key=${name}>
    <span><bdi>${name}</bdi><br /><span class="muted">${
      one.level === undefined ? t("stock.noLevel") : t("stock.levelOf", { level: numberIn(one.level), there: numberIn(one.quantity ?? 0) })
    }</span> ${one.isBelow && html`<span class="tag warn">⚠ ${t("stock.toOrder")}</span>`}</span>
    <button type="button" class="quiet" onClick=${() => setOpen(one)}>${t("stock.setLevel")}<${For} who=${name} /></button></li>`;
  const { lines = [], names = new Map<string, Location>() } = known.value ?? {};
  return html`<section aria-label=${t("stock.level")}><h3>${t("stock.level")}</h3>
    <${NotKnown} loaded=${known} />
    <ul class="list">${lines.map((one) => row(one, placeName(one, names)))}</ul>
    ${open && html`<${SetLevel} key=${open.place} medication=${medication} line=${open} name=${placeName(open, names)} onClose=${() => setOpen(undefined)} onDone=${done} />`}
  </section>`;
}

const placeName = ({ place }: Line, names: Map<string, Location>): string =>
  placeOf({ lot: "", quantity: 0, ...(place !== undefined && { place }) }, names);

interface SetProps {
  medication: Code;
  line: Line;
  name: string;
  onClose: () => void;
  onDone: () => void;
}

function SetLevel({ medication, line, name, onClose, onDone }: SetProps) {
  const { place } = line;
  const setFrom = (seen: number, level: number) =>
    pharmacy.setReorderLevel({ medication, level, seen, ...(place !== undefined && { place }) });
  const editing = useEditing<Line>({
    name: `level ${tokenOf(medication)} ${place}`,
    of: line,
    versionOf: ({ level = 0 }) => `${level}`, // a level has no versions: its value stands for one
    fieldsOf: ({ level }) => ({ level: `${level || ""}` }),
    store: async (_, { level }, { seen, said }) => {
      const [before, units] = [Number(seen), Number(level)];
      await setFrom(before, units);
      say(said, () => setFrom(units, before).then(onDone));
    },
    isStale: ({ type }) => type === "REORDER_LEVEL_CHANGED",
    versionsOf: async (_, seen) => {
      const levels = await pharmacy.listReorderLevels({ medication: tokenOf(medication) });
      const now = levels.find((one) => one.place === place) ?? { ...(place !== undefined && { place }) };
      return [now, { ...now, level: Number(seen) }];
    },
    onClose,
    onDone,
  });
  const labels = { level: joined(t("stock.orderFrom"), name) };
  const send = () => editing.send(t("stock.levelIsSet", { place: name }));
  return html`<${EditingOf} editing=${editing} label=${t("stock.level")} labels=${labels}>
    <${Form} send=${send} submit=${t("store")} onCancel=${editing.leave} label=${t("stock.setLevel")} isInline>
    ${(faultOf: (field: string) => string | undefined) => html`<${NumberField} label=${labels.level} name="reorder-level" min="0" step="any" hint=${t("stock.levelHint")} value=${editing.fields["level"] ?? ""} onValue=${(units: string) => editing.set("level", units)} required autofocus fault=${faultOf("level")} />`}
  <//><//>`;
}
