/** Shows and changes the responsible physician of a stay. */
import { useState } from "preact/hooks";
import type { Practitioner } from "../../../../../fhir/r4.ts";
import type { hospitalizations as hospitalizationsContract } from "../../../../hospitalizations/hospitalizations.contract.ts";
import type { BoardStay } from "../../../../wards/board.contract.ts";
import { html } from "../../html.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say } from "../../parts/notices.ts";
import { NotKnown } from "../../parts/panel.ts";
import { actionsOf, Refused, search } from "../../platform/api.ts";
import { useKept } from "../../platform/drafts.ts";
import { useLoad } from "../../platform/load.ts";
import { nameOf } from "../../platform/names.ts";
import { leading, t } from "../../platform/texts.ts";
import { calledIn } from "./move.ts";

const stays = actionsOf<typeof hospitalizationsContract>("hospitalizations");
/** Limit of practitioners to choose from. */
const MAX_PRACTITIONERS = "500";

const practitioners = async (): Promise<Practitioner[]> =>
  (await search<Practitioner>("Practitioner", { active: "true", _sort: "family", _count: MAX_PRACTITIONERS })).resources;

interface PhysicianProps {
  stay: BoardStay;
  reload: () => void;
}

export function Physician({ stay, reload }: PhysicianProps) {
  const [isOpen, setOpen] = useState(false);
  const close = () => setOpen(false);
  return html`<p>${leading("ward.physician")} <bdi>${stay.physicianName ?? t("ward.noPhysician")}</bdi>${" "}
      ${!isOpen && html`<button type="button" class="quiet" onClick=${() => setOpen(true)}>${t("ward.otherPhysician")}</button>`}</p>
    ${isOpen && html`<${Choose} stay=${stay} reload=${reload} onClose=${close} />`}`;
}

function Choose({ stay: { stay, version, physician: before, name }, reload, onClose }: PhysicianProps & { onClose: () => void }) {
  const known = useLoad("practitioners", practitioners);
  const kept = `physician ${stay}`;
  const [chosen, setChosen] = useKept(kept, "physician");
  const people = (known.value ?? []).map((one): [string, string] => [`Practitioner/${one.id}`, nameOf(one)]);
  const others = people.filter(([one]) => one !== before);
  const hint = known.value && others.length === 0 ? t("choice.none") : undefined;
  const send = async () => {
    if (chosen === "") throw new Refused(422, "CHOOSE_FROM_LIST", "");
    const set = await stays.setPhysician({ stay, version, physician: chosen });
    const back = before ? () => stays.setPhysician({ stay, version: set.version, physician: before }).then(reload) : undefined;
    say(t("ward.physicianSet", { name: calledIn({ ...(name !== undefined && { name }) }) }), back);
    onClose();
    reload();
  };
  return html`<${NotKnown} loaded=${known} /><${Form} draft=${kept} send=${send} submit=${t("store")} onCancel=${onClose} label=${t("ward.physician")} isInline fieldOf=${{ CHOOSE_FROM_LIST: "physician" }}>
    ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("ward.physician")} name="physician" value=${chosen} onValue=${setChosen} options=${[["", t("choose")], ...others]} hint=${hint} required autofocus fault=${faultOf("physician")} />`}
  <//>`;
}
