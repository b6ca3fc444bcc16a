/** Patients in the ward without a bed, and admission requests: picked up here and put into a bed; or denied with a reason. */
import { useState } from "preact/hooks";
import type { hospitalizations as hospitalizationsContract } from "../../../../hospitalizations/hospitalizations.contract.ts";
import type { Board, BoardStay, BoardWard, WaitingRequest } from "../../../../wards/board.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Dotted } from "../../parts/dotted.ts";
import { Field } from "../../parts/field.ts";
import { For } from "../../parts/for.ts";
import { Form } from "../../parts/form.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { actionsOf } from "../../platform/api.ts";
import { momentOf, since } from "../../platform/clock.ts";
import { hrefOf } from "../../platform/router.ts";
import { joined, t, tIfAny } from "../../platform/texts.ts";
import { askAgain } from "./ask-again.ts";
import { Who } from "./bed.ts";
import { beginDrag, type Carried, calledIn, endDrag, isStay, moving } from "./move.ts";
import { useKept } from "../../platform/drafts.ts";

const stays = actionsOf<typeof hospitalizationsContract>("hospitalizations");

interface WaitingProps {
  board: Board;
  ward: BoardWard;
  reload: () => void;
}

/** When the patient is to come, or for how long the request has waited. */
const timeOf = ({ plannedFor, requestedAt }: WaitingRequest): string | undefined =>
  plannedFor ? momentOf(plannedFor) : requestedAt && since(requestedAt);

const carry = (carried: Carried) => {
  moving.value = carried;
};

export function Waiting({ board: { waiting, coming, unknown }, ward, reload }: WaitingProps) {
  const [denied, setDenied] = useState<Carried | undefined>();
  const { withoutBed } = ward;
  const give = (one: Carried) =>
    html`<button type="button" onClick=${() => carry(one)}>${t("ward.giveBed")}<${For} who=${calledIn(one)} /></button>`;
  const request = (
    one: WaitingRequest,
  ) => html`<li key=${one.request} draggable onDragEnd=${endDrag} onDragStart=${(event: DragEvent) => beginDrag(event, one)}>
    <span><a href=${hrefOf("chart", one.patient)}><${Who} person=${one} /></a><br />
      <span class=${one.kind === "emergency" ? "tag bad" : "tag"}>${t(`request.${one.kind}`)}</span> ${one.status === "accepted" && html`<span class="tag good">${t("request.accepted")}</span> `}
      <${Dotted} of=${[one.reason, timeOf(one) && html`<span class="muted nowrap">${timeOf(one)}</span>`]} /> ${one.needs.map((need) => html`<span key=${need} class="tag">${tIfAny(`attribute.${need}`) ?? need}</span> `)}</span>
    <span class="buttons">${give(one)}<a href=${hrefOf("beds", one.request)}>${t("beds.find")}<${For} who=${calledIn(one)} /></a>${
      one.status === "requested"
        ? html`<button type="button" class="quiet" onClick=${() => accept(one, ward, reload)}>${t("request.accept")}<${For} who=${calledIn(one)} /></button>`
        : html`<button type="button" class="quiet" onClick=${() => withdraw(one, ward, reload)}>${t("request.withdraw")}<${For} who=${calledIn(one)} /></button>`
    }
      <button type="button" class="quiet" onClick=${() => setDenied(one)}>${t("request.deny")}<${For} who=${calledIn(one)} /></button></span>
  </li>`;
  const transfer = (
    one: BoardStay,
  ) => html`<li key=${one.stay} draggable onDragEnd=${endDrag} onDragStart=${(event: DragEvent) => beginDrag(event, one)}>
    <span><a href=${hrefOf("chart", one.patient)}><${Who} person=${one} /></a><br />
      <span class="tag">${t("transfer")}</span> ${one.transfer?.status === "accepted" && html`<span class="tag good">${t("request.accepted")}</span> `}<bdi>${one.diagnosis}</bdi></span>
    <span class="buttons">${give(one)}${one.transfer?.status === "requested" && html`<button type="button" class="quiet" onClick=${() => acceptTransfer(one, reload)}>${t("request.accept")}<${For} who=${calledIn(one)} /></button>`}
      <button type="button" class="quiet" onClick=${() => setDenied(one)}>${t("request.deny")}<${For} who=${calledIn(one)} /></button></span>
  </li>`;
  return html`<aside class="panel" id="part-waiting" aria-label=${t("ward.waiting")}>
    <header><h2>${t("ward.waiting")}</h2></header>
    ${withoutBed.length + waiting.length + coming.length === 0 && html`<p class="muted">${t(unknown.includes("stays") ? "notKnown.short" : "ward.nobodyWaits")}</p>`}
    <ul class="list">${withoutBed.map((stay) => html`<li key=${stay.stay} draggable onDragEnd=${endDrag} onDragStart=${(event: DragEvent) => beginDrag(event, stay)}><span><${Who} person=${stay} /></span>${give(stay)}</li>`)}${coming.map(transfer)}${waiting.map(request)}</ul>
    <p class="hint keys">${t("ward.keys")}</p>
    ${denied && html`<${Deny} carried=${denied} onClose=${() => setDenied(undefined)} onDone=${reload} />`}
  </aside>`;
}

/** Accepts the request: reserves a place in this ward. */
async function accept({ request, version, name, ward: asked }: WaitingRequest, ward: BoardWard, reload: () => void): Promise<void> {
  try {
    await stays.accept({ request, version, ward: ward.location });
    const back = () => stays.withdrawAcceptance({ request, ...(asked !== undefined && { ward: asked }) }).then(reload);
    say(t("isAccepted", { name: calledIn({ name }) }), back);
  } catch (error) {
    sayFault(error);
  }
  reload();
}

/** Withdraws the acceptance; the request keeps waiting for this ward. */
async function withdraw({ request, version, name }: WaitingRequest, ward: BoardWard, reload: () => void): Promise<void> {
  try {
    await stays.withdrawAcceptance({ request, version, ward: ward.location });
    say(t("request.isWithdrawn", { name: calledIn({ name }) }), () => stays.accept({ request, ward: ward.location }).then(reload));
  } catch (error) {
    sayFault(error);
  }
  reload();
}

/** Accepts a transfer from another ward. */
async function acceptTransfer({ stay, version, name, transfer }: BoardStay, reload: () => void): Promise<void> {
  try {
    await stays.acceptTransfer({ stay, version });
    const back = () => stays.requestTransfer({ stay, to: transfer?.to ?? "" }).then(reload);
    say(t("isAccepted", { name: calledIn({ ...(name !== undefined && { name }) }) }), back);
  } catch (error) {
    sayFault(error);
  }
  reload();
}

/** Denies an admission request or a transfer, with a reason. */
function Deny({ carried, onClose, onDone }: { carried: Carried; onClose: () => void; onDone: () => void }) {
  const kept = `deny ${isStay(carried) ? carried.stay : carried.request}`;
  const [reason, setReason] = useKept(kept, "reason");
  const name = calledIn(carried);
  const send = async () => {
    if (isStay(carried)) {
      const { stay, version, transfer } = carried;
      await stays.denyTransfer({ stay, version, reason });
      say(t("transfer.isDenied", { name }), () => stays.requestTransfer({ stay, to: transfer?.to ?? "" }).then(onDone));
    } else {
      await stays.deny({ request: carried.request, version: carried.version, reason });
      say(t("request.denied", { name }), () => askAgain(carried).then(onDone));
    }
    onClose();
    onDone();
  };
  return html`<${Dialog} title=${joined(t("request.deny"), name)} onClose=${onClose}>
    <${Form} draft=${kept} send=${send} submit=${t("request.deny")} onCancel=${onClose}>
      ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("reason")} name="deny-reason" value=${reason} onValue=${setReason} required autofocus fault=${faultOf("reason")} />`}
    <//>
  <//>`;
}
