/** A transfer to another ward: requested, withdrawn, and the other ward's answer. */
import type { hospitalizations as hospitalizationsContract } from "../../../../hospitalizations/hospitalizations.contract.ts";
import type { TransferRequest } from "../../../../hospitalizations/transfers.contract.ts";
import type { BoardWard } from "../../../../wards/board.contract.ts";
import { html } from "../../html.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { NotKnown } from "../../parts/panel.ts";
import { actionsOf, Refused } from "../../platform/api.ts";
import { useKept } from "../../platform/drafts.ts";
import { isIn, useAllWards } from "../../platform/own-ward.ts";
import { t } from "../../platform/texts.ts";

const stays = actionsOf<typeof hospitalizationsContract>("hospitalizations");

/** Short form of a transfer request. */
export function TransferTag({ transfer }: { transfer: TransferRequest | undefined }) {
  if (!transfer) return null;
  const tone = { requested: "tag warn", accepted: "tag good", denied: "tag bad" }[transfer.status];
  return html`<span class=${tone} title=${transfer.reason}>${t(`transfer.${transfer.status}`)}</span> `;
}

interface TransferProps {
  /** "Encounter/…" */
  stay: string;
  /** Version of the stay that is shown. */
  version: number;
  /** Name of the patient. */
  name: string;
  transfer: TransferRequest | undefined;
  /** Current place of the patient, "Location/…", if known. */
  from: string | undefined;
  onClose: () => void;
  onDone: () => void;
}

export function Transfer({ stay, version, name, transfer, from, onClose, onDone }: TransferProps) {
  const known = useAllWards();
  const all: BoardWard[] = known.value?.wards ?? [];
  const kept = `transfer ${stay}`;
  const [to, setTo] = useKept(kept, "to");
  const where = (place: string) => all.find((ward) => isIn(ward, place))?.name ?? "…";
  const ask = async () => {
    if (to === "") throw new Refused(422, "CHOOSE_FROM_LIST", "");
    await stays.requestTransfer({ stay, version, to });
    say(t("transfer.asked", { name, ward: where(to) }), () => stays.withdrawTransfer({ stay }).then(onDone));
    onClose();
    onDone();
  };
  const withdraw = async (before: string) => {
    try {
      await stays.withdrawTransfer({ stay, version });
      say(t("transfer.withdrawn", { name }), () => stays.requestTransfer({ stay, to: before }).then(onDone));
    } catch (error) {
      sayFault(error);
    }
    onClose();
    onDone();
  };
  const others = all.filter((ward) => ward.status === "open" && !(from !== undefined && isIn(ward, from)));
  const options = [["", t("choose")], ...others.map(({ location, name: title }) => [location, title])];
  const mayAsk = !transfer || transfer.status === "denied";
  const isNowhere = known.value !== undefined && others.length === 0;
  return html`<section class="stack" aria-label=${t("transfer")}>
    <h3>${t("transfer")}</h3>
    <${NotKnown} loaded=${known} />
    ${
      transfer &&
      html`<p class="inline-fields"><span>${t("transfer.to", { ward: where(transfer.to) })}</span> <${TransferTag} transfer=${transfer} /> ${transfer.reason && html`<bdi>${transfer.reason}</bdi>`}
      ${transfer.status !== "denied" && html`<button type="button" class="quiet" onClick=${() => withdraw(transfer.to)}>${t("transfer.withdraw")}</button>`}</p>`
    }
    ${
      mayAsk &&
      !isNowhere &&
      html`<${Form} draft=${kept} send=${ask} submit=${t("transfer.ask")} label=${t("transfer.ask")} isInline fieldOf=${{ CHOOSE_FROM_LIST: "to" }}>
      ${(faultOf: (field: string) => string | undefined) => html`<${Field} label=${t("transfer.where")} name="transfer-to" value=${to} onValue=${setTo} options=${options} required fault=${faultOf("to")} />`}
    <//>`
    }
    ${mayAsk && isNowhere && html`<p class="muted">${t("transfer.nowhere")}</p>`}
  </section>`;
}
