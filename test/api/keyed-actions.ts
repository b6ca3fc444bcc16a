/** Each action that writes, with what it is asked for: a state of its own each time, so that two calls of one action find equal ones. */
import { randomUUID } from "node:crypto";
import type { KeyedClient } from "./keyed-requests.ts";

type Made = Record<string, string>;

/** What happens before an action: other actions, and resources by FHIR. */
export class Preparation {
  readonly #at: KeyedClient;
  constructor(at: KeyedClient) {
    this.#at = at;
  }

  /** Carries an action out. @returns its answer */
  async act<Answer = Made>(action: string, body: object): Promise<Answer> {
    return this.#at.done({ path: `/api/${action.replace(".", "/")}`, body });
  }

  /** Stores a resource. @returns its reference */
  async store(resource: { resourceType: string; [member: string]: unknown }): Promise<string> {
    return `${resource.resourceType}/${(await this.#at.done({ path: `/fhir/${resource.resourceType}`, body: resource })).id}`;
  }

  patient = () => this.#at.patient();
  visit = () => this.#at.visit();
  bed = () => this.#at.bed();

  async ward(): Promise<{ ward: string; room: string; bed: string }> {
    const { location, rooms } = await this.act<{ location: string; rooms: { location: string; beds: { location: string }[] }[] }>(
      "wards.open",
      { name: randomUUID(), rooms: [{ name: "1", beds: ["a"] }] },
    );
    return { ward: location, room: rooms[0]?.location ?? "", bed: rooms[0]?.beds[0]?.location ?? "" };
  }

  async stay(): Promise<string> {
    return (await this.act("hospitalizations.admit", { patient: await this.patient(), bed: await this.bed() }))["stay"] ?? "";
  }

  /** The stay after these actions. */
  async stayAfter(...actions: [name: string, more?: object][]): Promise<string> {
    const stay = await this.stay();
    for (const [name, more] of actions) await this.act(`hospitalizations.${name}`, { stay, ...more });
    return stay;
  }

  async request(): Promise<string> {
    return (await this.act("hospitalizations.request", { patient: await this.patient(), kind: "emergency" }))["request"] ?? "";
  }

  async panel(): Promise<string> {
    return (await this.act("lab.orderPanel", { patient: await this.patient(), code: "718-7" }))["order"] ?? "";
  }

  async result(): Promise<Made> {
    const { order } = await this.act("lab.order", { patient: await this.patient(), test: TEST });
    return this.act("lab.enterResult", { order, finding: { value: 7, unit: "mg" } });
  }

  /** A medication of which ten are in stock in lot L, five without a lot. */
  async stocked(): Promise<{ system: string; code: string }> {
    const medication = newMedication();
    await this.act("pharmacy.receive", { medication, quantity: 10, lot: "L" });
    await this.act("pharmacy.receive", { medication, quantity: 5 });
    return medication;
  }

  async prescription(medication: object): Promise<string> {
    const asked = { patient: await this.patient(), medication, quantity: 10, dosage: "1-0-1", dose: { value: 1, unit: "mg" } };
    return (await this.act("pharmacy.prescribe", asked))["prescription"] ?? "";
  }

  async dispense(): Promise<string> {
    const prescription = await this.prescription(await this.stocked());
    return (await this.act("pharmacy.dispense", { prescription, quantity: 3, lot: "L" }))["dispense"] ?? "";
  }

  async administered(): Promise<string> {
    const prescription = await this.prescription(await this.stocked());
    const asked = { prescription, outcome: "given", override: "by hand", fromStock: { quantity: 1 } };
    return (await this.act("pharmacy.administer", asked))["administration"] ?? "";
  }

  async invoice(): Promise<string> {
    return (await this.act("billing.invoice", { encounter: await this.#at.closed() }))["invoice"] ?? "";
  }

  async paid(): Promise<string> {
    return (await this.act("billing.pay", { invoice: await this.invoice(), cents: 200, means: "cash" }))["payment"] ?? "";
  }

  async appointment(): Promise<string> {
    const participant = [{ actor: { reference: await this.patient() }, status: "accepted" }];
    const times = { start: "2026-01-01T12:00:00Z", end: "2026-01-01T12:15:00Z" };
    return this.store({ resourceType: "Appointment", status: "booked", ...times, participant });
  }
}

const TEST = { system: "http://loinc.org", code: "718-7" };
const newMedication = () => ({ system: "urn:drugs", code: randomUUID() });
const reason = "by mistake";
const person = { family: "Rossi", given: ["Ada"], gender: "female" };

type Asked = (at: Preparation) => Promise<object>;

const visits: Record<string, Asked> = {
  open: async (at) => ({ patient: await at.patient() }),
  arrive: async (at) => ({ appointment: await at.appointment() }),
  close: async (at) => ({ visit: await at.visit() }),
  cancel: async (at) => ({ visit: (await at.act("visits.arrive", { appointment: await at.appointment() }))["visit"], reason }),
  async reopen(at) {
    const visit = await at.visit();
    await at.act("visits.close", { visit });
    return { visit, reason };
  },
};

const hospitalizations: Record<string, Asked> = {
  request: async (at) => ({ patient: await at.patient(), kind: "planned" }),
  accept: async (at) => ({ request: await at.request(), ward: (await at.ward()).ward }),
  async withdrawAcceptance(at) {
    const request = await at.request();
    await at.act("hospitalizations.accept", { request, ward: (await at.ward()).ward });
    return { request };
  },
  deny: async (at) => ({ request: await at.request(), reason }),
  admit: async (at) => ({ patient: await at.patient(), bed: await at.bed() }),
  transfer: async (at) => ({ stay: await at.stay(), bed: await at.bed() }),
  requestTransfer: async (at) => ({ stay: await at.stay(), to: (await at.ward()).ward }),
  acceptTransfer: async (at) => ({ stay: await at.stayAfter(["requestTransfer", { to: (await at.ward()).ward }]) }),
  denyTransfer: async (at) => ({ stay: await at.stayAfter(["requestTransfer", { to: (await at.ward()).ward }]), reason }),
  withdrawTransfer: async (at) => ({ stay: await at.stayAfter(["requestTransfer", { to: (await at.ward()).ward }]) }),
  swap: async (at) => ({ stay: await at.stay(), with: await at.stay() }),
  leave: async (at) => ({ stay: await at.stay() }),
  return: async (at) => ({ stay: await at.stayAfter(["leave"]) }),
  cancelLeave: async (at) => ({ stay: await at.stayAfter(["leave"]), reason }),
  async setPhysician(at) {
    const physician = await at.store({ resourceType: "Practitioner", name: [{ family: "House" }] });
    return { stay: await at.stay(), physician };
  },
  handOver: async (at) => ({ stay: await at.stay(), text: "pain at night" }),
  discharge: async (at) => ({ stay: await at.stay(), disposition: "home" }),
  die: async (at) => ({ stay: await at.stay() }),
  cancelAdmission: async (at) => ({ stay: await at.stay(), reason }),
  cancelTransfer: async (at) => ({ stay: await at.stayAfter(["transfer", { bed: await at.bed() }]), reason }),
  cancelDischarge: async (at) => ({ stay: await at.stayAfter(["discharge"]), reason }),
  cancelDeath: async (at) => ({ stay: await at.stayAfter(["die"]), reason }),
};

const lab: Record<string, Asked> = {
  order: async (at) => ({ patient: await at.patient(), test: TEST }),
  async enterResult(at) {
    const { order } = await at.act("lab.order", { patient: await at.patient(), test: TEST });
    return { order, finding: { value: 7, unit: "mg" } };
  },
  cancel: async (at) => ({ order: await at.panel(), reason }),
  correctResult: async (at) => ({ observation: (await at.result())["observation"], finding: { text: "clotted" }, reason }),
  // The hospital's own name of a test is one for all: each time it is given anew.
  async nameTest(at) {
    await at.act("lab.nameTest", { code: "718-7", language: "fr" });
    return { code: "718-7", language: "fr", name: "Hémoglobine" };
  },
  orderPanel: async (at) => ({ patient: await at.patient(), code: "58410-2" }),
  collect: async (at) => ({ orders: [await at.panel()] }),
  async rejectSpecimen(at) {
    const { specimen } = await at.act("lab.collect", { orders: [await at.panel()] });
    return { specimen, reason };
  },
  enter: async (at) => ({ order: await at.panel(), results: [{ code: "718-7", value: 13 }] }),
  async release(at) {
    const order = await at.panel();
    await at.act("lab.enter", { order, results: [{ code: "718-7", value: 13 }] });
    return { order };
  },
  async acknowledge(at) {
    const order = await at.panel();
    await at.act("lab.enter", { order, results: [{ code: "718-7", value: 3 }] });
    const { lines } = await at.act<{ lines: { observation: string }[] }>("lab.release", { order });
    return { observation: lines[0]?.observation };
  },
};

const pharmacy: Record<string, Asked> = {
  receive: async (at) => ({ medication: await at.stocked(), quantity: 4 }),
  adjust: async (at) => ({ medication: await at.stocked(), by: -2, reason }),
  count: async (at) => ({ medication: await at.stocked(), quantity: 7, lot: "L" }),
  setReorderLevel: async (at) => ({ medication: await at.stocked(), level: 20 }),
  transfer: async (at) => ({ medication: await at.stocked(), quantity: 2, lot: "L", to: (await at.ward()).ward }),
  blockLot: async (at) => ({ medication: await at.stocked(), lot: "L", reason }),
  async releaseLot(at) {
    const medication = await at.stocked();
    await at.act("pharmacy.blockLot", { medication, lot: "L", reason });
    return { medication, lot: "L", reason };
  },
  prescribe: async (at) => ({ patient: await at.patient(), medication: newMedication(), quantity: 1, dosage: "1" }),
  dispense: async (at) => ({ prescription: await at.prescription(await at.stocked()), quantity: 3 }),
  void: async (at) => ({ dispense: await at.dispense(), reason }),
  return: async (at) => ({ dispense: await at.dispense(), quantity: 1, reason: "not used" }),
  administer: async (at) => ({
    prescription: await at.prescription(await at.stocked()),
    outcome: "given",
    override: "by hand",
    fromStock: { quantity: 1 },
  }),
  cancelAdministration: async (at) => ({ administration: await at.administered(), reason }),
};

const patients: Record<string, Asked> = {
  register: async () => ({ ...person, identifier: { system: "urn:mrn", value: randomUUID() }, confirm: "another" }),
  registerUnknown: async () => ({ gender: "male" }),
  registerNewborn: async (at) => ({ mother: await at.patient(), gender: "male", birthDate: "2026-01-01" }),
  setDistinct: async (at) => ({ patient: await at.patient(), other: await at.patient(), reason: "twins" }),
  update: async (at) => ({ patient: await at.patient(), family: "Verdi" }),
};

const wards: Record<string, Asked> = {
  open: async () => ({ name: randomUUID(), rooms: [{ name: "1", beds: ["a"] }] }),
  addRoom: async (at) => ({ ward: (await at.ward()).ward, name: "2", beds: ["a", "b"] }),
  addBeds: async (at) => ({ room: (await at.ward()).room, beds: ["b"], attributes: ["oxygen"] }),
  describe: async (at) => ({ location: (await at.ward()).bed, attributes: ["oxygen"] }),
  setCleaning: async (at) => ({ bed: (await at.ward()).bed, cleaning: "dirty" }),
  close: async (at) => ({ location: (await at.ward()).bed, reason }),
  async reopen(at) {
    const { room: location } = await at.ward();
    await at.act("wards.close", { location, reason });
    return { location };
  },
};

const billing: Record<string, Asked> = {
  charge: async (at) => ({ encounter: await at.visit(), text: "Plaster", cents: 500, currency: "EUR" }),
  async invoice(at) {
    const encounter = await at.visit();
    await at.act("billing.charge", { encounter, text: "Plaster", cents: 500, currency: "EUR" });
    await at.act("visits.close", { visit: encounter });
    return { encounter };
  },
  async invoicePatient(at) {
    const patient = await at.patient();
    const charge = { code: { text: "Plaster" }, subject: { reference: patient }, priceOverride: { value: 5, currency: "EUR" } };
    await at.store({ resourceType: "ChargeItem", status: "billable", ...charge });
    return { patient };
  },
  cancelInvoice: async (at) => ({ invoice: await at.invoice(), reason }),
  creditNote: async (at) => ({ invoice: await at.invoice(), reason }),
  pay: async (at) => ({ invoice: await at.invoice(), cents: 200, means: "cash" }),
  takeBack: async (at) => ({ payment: await at.paid(), reason }),
  setPrice: async () => ({ code: newMedication(), cents: 100, currency: "EUR" }),
};

const personnel: Record<string, Asked> = {
  async endEmployment(at) {
    const practitioner = await at.store({ resourceType: "Practitioner", active: true });
    await at.store({ resourceType: "PractitionerRole", active: true, practitioner: { reference: practitioner } });
    return { practitioner };
  },
};

/** By the action's full name. */
export const KEYED_ACTIONS: Record<string, Asked> = Object.fromEntries(
  Object.entries({ visits, hospitalizations, lab, pharmacy, patients, wards, billing, personnel }).flatMap(([service, actions]) =>
    Object.entries(actions).map(([name, asked]) => [`${service}.${name}`, asked]),
  ),
);

/** Actions that are posted and not compared, with the reason. */
export const NOT_COMPARED: Record<string, string> = {
  "billing.listBalances": "only reads",
  "billing.listOutdated": "only reads",
  "patients.candidates": "only reads",
  "pharmacy.countDue": "only reads",
  "patients.merge": "goes on after its answer where it is keyed, and says so",
  "patients.unmerge": "goes on after its answer where it is keyed, and says so",
  "records.sign": "is refused to who has not signed in; makes one resource, and answers by what it has made",
};
