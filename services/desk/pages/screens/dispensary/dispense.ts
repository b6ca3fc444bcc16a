/** Dispenses a prescription: shows patient, allergies, remaining quantity, and stock. */
import type { AllergyIntolerance, Coding, MedicationDispense, MedicationRequest } from "../../../../../fhir/r4.ts";
import type { pharmacy as pharmacyContract, StockOfLot } from "../../../../pharmacy/pharmacy.contract.ts";
import { currentAllergies } from "../../../../../fhir/clinical-status.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import type { WithPatient } from "../../parts/joined.ts";
import { KnownFirst } from "../../parts/known-first.ts";
import { NumberField } from "../../parts/number-field.ts";
import { say } from "../../parts/notices.ts";
import { NotKnown } from "../../parts/panel.ts";
import { PersonLine } from "../../parts/person-line.ts";
import { actionsOf, Refused, search } from "../../platform/api.ts";
import { dateOf } from "../../platform/clock.ts";
import { useKept } from "../../platform/drafts.ts";
import { dosageWords } from "../../platform/dosage-words.ts";
import { type Loaded, useLoad } from "../../platform/load.ts";
import { medicationOf, medicationText } from "../../platform/medications.ts";
import { nameOf } from "../../platform/names.ts";
import { joined, leading, listed, numberIn, t } from "../../platform/texts.ts";
import { type Lots, lotsOf, numberOfLot, placeOf, Usable } from "./lots.ts";
import { allergyText } from "../chart/allergies.ts";

const pharmacy = actionsOf<typeof pharmacyContract>("pharmacy");

interface DispenseProps {
  request: WithPatient<MedicationRequest>;
  onClose: () => void;
  onDone: () => void;
}

/** What is left of the prescription, and in stock. */
interface Supply {
  /** Units that are not dispensed yet; undefined: the prescription names no quantity. */
  rest?: number;
  /** Lots that may be used. */
  lots: StockOfLot[];
  places: Lots["places"];
  /** The code under which it is in stock: `system|code`. */
  medication: string;
}

/** The stock of a medication, which may be kept under any of its codes. */
async function stockOf(codings: Coding[]): Promise<Lots & { medication: string }> {
  const all = await Promise.all(
    codings.map(async ({ system = "", code = "" }) => ({ medication: `${system}|${code}`, ...(await lotsOf({ system, code })) })),
  );
  return all.find(({ lots }) => lots.length > 0) ?? all[0] ?? { medication: "", lots: [], places: new Map() };
}

async function supplyOf(request: MedicationRequest): Promise<Supply> {
  const { id, dispenseRequest } = request;
  const [dispensed, { lots, places, medication }] = await Promise.all([
    search<MedicationDispense>("MedicationDispense", { prescription: `MedicationRequest/${id}`, _count: "100" }),
    stockOf(medicationOf(request)?.coding ?? []),
  ]);
  const given = dispensed.resources
    .filter(({ status }) => status === "completed")
    .reduce((sum, { quantity }) => sum + (quantity?.value ?? 0), 0);
  const prescribed = dispenseRequest?.quantity?.value;
  return {
    ...(prescribed !== undefined && { rest: Math.max(0, prescribed - given) }),
    lots: lots.filter(({ unusable }) => unusable === undefined),
    places,
    medication,
  };
}

/** With those that are over, which are not shown. */
const MAX_ALLERGIES = "200";

async function allergiesOf({ subject }: MedicationRequest): Promise<string[]> {
  const { resources } = await search<AllergyIntolerance>("AllergyIntolerance", { patient: subject.reference ?? "", _count: MAX_ALLERGIES });
  return currentAllergies(resources).map(allergyText);
}

/** Lots are taken in order of expiry, several if one is not enough. */
const FIRST_TO_EXPIRE = "first";

const whereOf = (lot: StockOfLot | undefined) => (lot ? { lot: lot.lot, ...(lot.place && { place: lot.place }) } : {});

/** Names a lot at its place: its position in the list changes when the list is read again. */
const keyOf = ({ lot, place = "" }: StockOfLot): string => `${lot} ${place}`;

/** A lot as text, with its place unless it is the dispensary. */
const saidOf = (one: StockOfLot, places: Lots["places"]): string =>
  joined(numberOfLot(one), dateOf(one.expires), numberIn(one.quantity), one.place === undefined ? "" : placeOf(one, places));

const choicesOf = (lots: StockOfLot[], places: Lots["places"]): [string, string][] => [
  [FIRST_TO_EXPIRE, t("dispense.firstToExpire")],
  ...lots.flatMap((one): [string, string][] => (one.lot === "" ? [] : [[keyOf(one), saidOf(one, places)]])),
];

/** The packages to be taken from the shelf. @param medication `system|code` */
function Proposal({ medication, quantity }: { medication: string; quantity: number }) {
  const ask = async () => (quantity > 0 ? await pharmacy.proposeLot({ medication, quantity }) : { lots: [], missing: 0 });
  const known = useLoad(`proposal ${medication} ${quantity}`, ask);
  const { lots = [] } = known.value ?? {};
  return html`<${NotKnown} loaded=${known} />
    ${lots.length > 0 && html`<div role="status"><p>${t("dispense.take")}</p><ul>${lots.map((one) => html`<li key=${`${one.lot} ${one.place}`}>${numberIn(one.quantity)} × <bdi>${numberOfLot(one)}</bdi> <${Usable} of=${one} /></li>`)}</ul></div>`}`;
}

export function Dispense(props: DispenseProps) {
  const { of, patient } = props.request;
  const supply = useLoad(`dispense ${of.id}`, () => supplyOf(of));
  const allergies = useLoad(`allergies ${of.subject.reference}`, () => allergiesOf(of));
  const { lots = [], rest } = supply.value ?? {};
  const shelf = numberIn(lots.reduce((sum, one) => sum + one.quantity, 0));
  return html`<${Dialog} title=${medicationText(of)} onClose=${props.onClose}>
    <div class="stack">
      <p>${patient && html`<${PersonLine} patient=${patient} />`}</p>
      <p><bdi>${dosageWords(of.dosageInstruction)}</bdi></p>
      <${KnownFirst} facts=${[allergies, supply]}>
        <div class="stack">
          ${allergies.value && (allergies.value.length > 0 ? html`<p class="alert">⚠ ${leading("allergies")} ${listed(allergies.value)}</p>` : html`<p class="muted">${t("allergies.none")}</p>`)}
          ${supply.value && html`<p class="muted">${rest === undefined ? t("dispense.open", { shelf }) : t("dispense.facts", { rest: numberIn(rest), shelf })}</p>`}
          <${HandOut} ...${props} supply=${supply} />
        </div>
      <//>
    </div>
  <//>`;
}

function HandOut({ request: { of, patient }, supply, onClose, onDone }: DispenseProps & { supply: Loaded<Supply> }) {
  const { lots = [], places = new Map(), medication = "" } = supply.value ?? {};
  const kept = `dispense ${of.id}`;
  const [quantity, setQuantity] = useKept(kept, "quantity", `${supply.value?.rest ?? ""}`);
  const [chosen, setChosen] = useKept(kept, "lot", FIRST_TO_EXPIRE);
  const send = async () => {
    const lot = lots.find((one) => keyOf(one) === chosen);
    // The chosen lot is gone: another one is not taken in its place.
    if (chosen !== FIRST_TO_EXPIRE && !lot && lots.length > 0) throw new Refused(422, "CHOOSE_FROM_LIST", "");
    const given = {
      prescription: `MedicationRequest/${of.id}`,
      version: Number(of.meta?.versionId),
      quantity: Number(quantity),
      ...whereOf(lot),
    };
    try {
      const { dispense } = await pharmacy.dispense(given);
      say(t("dispensed", { name: nameOf(patient) }), () => pharmacy.void({ dispense, reason: t("undo.reason") }).then(onDone));
    } catch (error) {
      supply.reload(); // another person may have dispensed it, or have blocked the lot
      throw error;
    }
    onClose();
    onDone();
  };
  return html`<${Form} draft=${kept} send=${send} submit=${t("dispense")} onCancel=${onClose} fieldOf=${{ OUT_OF_STOCK: "quantity", MORE_THAN_PRESCRIBED: "quantity", LOT_EXPIRED: "lot", LOT_BLOCKED: "lot", CHOOSE_FROM_LIST: "lot" }}>
    ${(
      faultOf: (field: string) => string | undefined,
    ) => html`<div class="fields"><${NumberField} label=${t("quantity")} name="dispense-quantity" min="1" value=${quantity} onValue=${setQuantity} required autofocus fault=${faultOf("quantity")} />
      ${lots.length > 0 && html`<${Field} label=${t("shelf.lot")} name="dispense-lot" value=${chosen} onValue=${setChosen} options=${choicesOf(lots, places)} fault=${faultOf("lot")} />`}</div>
      ${chosen === FIRST_TO_EXPIRE && lots.length > 0 && html`<${Proposal} medication=${medication} quantity=${Number(quantity)} />`}`}
  <//>`;
}
