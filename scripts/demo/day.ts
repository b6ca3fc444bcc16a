/** One day in a hospital, played through its API: each step makes FHIR resources that can be read afterwards. */
import type { RoleName } from "../../services/identity/identity.contract.ts";
import type { TokenSource } from "../identity/try-account.ts";
import { ActionRefused, rolesClient } from "./roles-client.ts";
import { billing } from "../../services/billing/billing.contract.ts";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { wards } from "../../services/wards/wards.contract.ts";

const HAEMOGLOBIN = { system: "http://loinc.org", code: "718-7", display: "Hemoglobin [Mass/volume] in Blood" };
const PARACETAMOL = { system: "http://www.nlm.nih.gov/research/umls/rxnorm", code: "313782", display: "Acetaminophen 325 MG Oral Tablet" };

/** Reports an event, for people, and its resource. */
export type Tell = (event: string, reference: string) => void;

/** The resources that the day has made. */
export interface Day {
  patient: string;
  ward: string;
}

/**
 * @param tokens of each role; absent where no sign-in is needed
 * @param name distinguishes this day's patient and ward from those of other days
 * @throws Error with the server's own sentence if a step is refused
 */
export async function liveOneDay(url: string, name: string, tell: Tell, tokens?: (role: RoleName) => TokenSource): Promise<Day> {
  const { call } = rolesClient(url, tokens);

  const number = name.replaceAll(/\D/g, "");
  const rooms = [{ name: "1", beds: ["A", "B"] }];
  const title = "Medicine";
  const ward = await call(wards.open, { name: title, rooms }).catch((error: Error) => {
    if (!(error instanceof ActionRefused && error.type === "WARD_ALREADY_OPEN")) throw error;
    return call(wards.open, { name: `${title} ${name}`, rooms }); // the name without suffix is taken by an earlier day
  });
  const [bedA = "", bedB = ""] = ward.rooms.flatMap(({ beds }) => beds.map(({ location }) => location));
  tell(`a ward with two beds is opened: ${ward.name}`, ward.location);
  const { delivery, stock } = await call(pharmacy.receive, { medication: PARACETAMOL, quantity: 100, lot: `L${number}` });
  tell(`100 tablets arrive at the pharmacy, ${stock.quantity} are in stock`, delivery);

  const { patient } = await call(patients.register, {
    family: "Rossi",
    given: ["Ada"],
    birthDate: "1951-03-08",
    gender: "female",
    identifier: { system: "urn:openward:demo", value: number },
    confirm: "each day of the demo has an Ada Rossi of its own",
  });
  tell("Ada Rossi is registered", patient);
  const { visit } = await call(visits.open, { patient, reason: "Dizziness" });
  tell("she comes as an ambulatory visit", visit);
  const { stay } = await call(hospitalizations.admit, { patient, bed: bedA, visit, reason: "Suspected anaemia" });
  tell("she is admitted to bed A: the visit becomes the stay", stay);

  const { order } = await call(lab.order, { patient, encounter: stay, test: HAEMOGLOBIN });
  tell("the laboratory gets an order: haemoglobin", order);
  const { observation, report } = await call(lab.enterResult, { order, finding: { value: 9.8, unit: "g/dL" } });
  tell("its result: 9.8 g/dL", observation);
  tell("and the report that issues it", report);

  const { prescription } = await call(pharmacy.prescribe, {
    patient,
    encounter: stay,
    medication: PARACETAMOL,
    quantity: 20,
    dosage: "1 tablet up to 4 times a day",
  });
  tell("20 tablets are prescribed", prescription);
  const { dispense, left } = await call(pharmacy.dispense, { prescription, quantity: 20 });
  tell(`and dispensed from stock, ${left} are left`, dispense);

  await call(hospitalizations.transfer, { stay, bed: bedB });
  tell("she is transferred to bed B", bedB);
  const { charge } = await call(billing.charge, { encounter: stay, text: "One day, ward", cents: 412_50, currency: "EUR" });
  tell("the day is charged: 412.50 EUR", charge);
  await call(hospitalizations.discharge, { stay });
  tell("she is discharged, the bed is free", stay);
  const { invoice, cents, currency } = await call(billing.invoice, { encounter: stay });
  tell(`and billed: ${(cents / 100).toFixed(2)} ${currency}`, invoice);
  return { patient, ward: ward.location };
}
