/** Patients who arrive, stay and leave, by chance: the same for the same seed, except for the order in which they are served. */
import { billing } from "../../services/billing/billing.contract.ts";
import { hospitalizations } from "../../services/hospitalizations/hospitalizations.contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { type MergeState, patients } from "../../services/patients/patients.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { ActionRefused, type RolesClient } from "../demo/roles-client.ts";
import { MEDICATIONS, TESTS } from "./build-hospital.ts";
import { people, randomOf } from "./synthetic-people.ts";
import { RATES } from "./rates.ts";
import type { Calendar } from "./time.ts";

type Random = () => number;
type Person = ReturnType<typeof people> extends Generator<infer Of> ? Of : never;

/** A patient in a bed. */
interface Inpatient {
  patient: string;
  stay: string;
  bed: string;
  isWoman: boolean;
  /** Planned days of the stay. */
  days: number;
  since: number;
}

/** Interval of reading the state of a merge, milliseconds. */
const MERGE_POLL_MS = 50;
/** Reason for a late entry. */
const LATE = { lateReason: "simulated" };

/** Options of a simulated hospital. */
export interface HospitalOptions {
  client: RolesClient;
  beds: string[];
  calendar: Calendar;
  seed: number;
  /** Patients who are served at the same time. */
  parallel: number;
}

/** A hospital that is simulated day by day. */
export class Hospital {
  /** How often each event was done, and refused, by the error's type. */
  readonly done: Record<string, number> = {};
  readonly refused: Record<string, number> = {};
  readonly #client: RolesClient;
  readonly #calendar: Calendar;
  readonly #parallel: number;
  readonly #random: Random;
  readonly #people: Generator<Person>;
  readonly #free: string[];
  readonly #known: string[] = [];
  readonly #duplicates: { source: string; target: string }[] = [];
  #inpatients: Inpatient[] = [];

  constructor({ client, beds, calendar, seed, parallel }: HospitalOptions) {
    this.#client = client;
    this.#free = [...beds];
    this.#calendar = calendar;
    this.#parallel = parallel;
    this.#random = randomOf(seed);
    this.#people = people(Number.MAX_SAFE_INTEGER, seed);
  }

  /** Simulates a day. @param day 0 is the first; days follow one another */
  async live(day: number): Promise<void> {
    const beds = this.#free.length + this.#inpatients.length;
    const leaving = this.#inpatients.filter(({ since, days }) => day >= since + days);
    this.#inpatients = this.#inpatients.filter((one) => !leaving.includes(one));
    // In the order of a real day: a bed that is left in the morning is given to another patient at noon.
    await this.#each(leaving, (one, random) => this.#leave(one, day, random));
    await this.#each(this.#inpatients, (one, random) => this.#care(one, day, random));
    await this.#each(Array(this.#times(beds * RATES.admissionsPerBed)).fill(undefined), (_, random) => this.#arrive(day, random));
    await this.#each(Array(this.#times(beds * RATES.visitsPerBed)).fill(undefined), (_, random) => this.#visit(day, random));
    await this.#each(this.#duplicates.splice(0), (duplicate, random) => this.#merge(duplicate, random));
  }

  /** A random whole number with this mean. */
  #times(mean: number): number {
    return Math.floor(mean) + (this.#random() < mean % 1 ? 1 : 0);
  }

  /** Runs `work` for each with random numbers of its own, so that they do not depend on the order. */
  async #each<Of>(all: Of[], work: (one: Of, random: Random) => Promise<void>): Promise<void> {
    const waiting = all.map((one) => ({ one, random: randomOf(Math.floor(this.#random() * 2 ** 31)) }));
    const serve = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        try {
          await work(next.one, next.random);
        } catch (error) {
          if (!(error instanceof ActionRefused) || error.code >= 500) throw error;
          this.refused[error.type] = (this.refused[error.type] ?? 0) + 1;
        }
      }
    };
    await Promise.all(Array.from({ length: this.#parallel }, serve));
  }

  #note(what: string): void {
    this.done[what] = (this.done[what] ?? 0) + 1;
  }

  async #somebody(random: Random): Promise<{ patient: string; isWoman: boolean }> {
    const known = this.#known[Math.floor(random() * this.#known.length)];
    if (known !== undefined && random() < RATES.known) return { patient: known, isWoman: false };
    if (random() < RATES.unknown) {
      const { patient } = await this.#client.call(patients.registerUnknown, { gender: "unknown" });
      this.#note("unknown persons");
      return { patient, isWoman: false };
    }
    const person = this.#people.next().value as Person;
    const patient = await this.#register(person);
    this.#known.push(patient);
    if (random() < RATES.duplicate) {
      const source = await this.#register(person);
      this.#duplicates.push({ source, target: patient });
    }
    return { patient, isWoman: person.gender === "female" };
  }

  async #register({ name, gender, birthDate = "" }: Person): Promise<string> {
    const [{ family = "", given = [] } = {}] = name ?? [];
    const asked = { family, given, birthDate, gender: gender as "female", confirm: "simulated" };
    const { patient } = await this.#client.call(patients.register, asked);
    this.#note("registrations");
    return patient;
  }

  async #arrive(day: number, random: Random): Promise<void> {
    const bed = this.#free.pop();
    if (bed === undefined) return;
    let isTaken = false;
    try {
      const { patient, isWoman } = await this.#somebody(random);
      const at = this.#calendar.at(day, 12, Math.floor(random() * 60));
      const { call } = this.#client;
      const { visit } = await call(visits.open, { patient, reason: "Emergency", at, ...LATE });
      const { stay } = await call(hospitalizations.admit, { patient, bed, visit, at: this.#calendar.at(day, 13), ...LATE });
      this.#note("admissions");
      const price = { cents: 8_000, currency: "EUR", at: this.#calendar.at(day, 13), ...LATE };
      await call(billing.charge, { encounter: stay, text: "Admission", ...price });
      if (random() < RATES.undone) {
        await call(hospitalizations.cancelAdmission, { stay, reason: "wrong patient" });
        await call(visits.cancel, { visit: stay, reason: "wrong patient" });
        this.#note("admissions that were cancelled");
        return;
      }
      const days = 1 + Math.floor(-Math.log(1 - random()) * (RATES.meanStayDays - 1));
      this.#inpatients.push({ patient, stay, bed, isWoman, days, since: day });
      isTaken = true;
    } finally {
      if (!isTaken) this.#free.push(bed);
    }
  }

  async #care(one: Inpatient, day: number, random: Random): Promise<void> {
    const { stay, patient } = one;
    if (random() < RATES.orders) await this.#test({ patient, encounter: stay }, day, random);
    if (random() < RATES.prescriptions) await this.#medicate({ patient, encounter: stay }, day, random);
    if (random() < RATES.transfers) await this.#transfer(one, day, random);
    const [minute, cents] = [Math.floor(random() * 60), 10_000 + Math.floor(random() * 50_000)];
    const text = "One day, ward";
    await this.#client.call(billing.charge, {
      encounter: stay,
      text,
      cents,
      currency: "EUR",
      at: this.#calendar.at(day, 9, minute),
      ...LATE,
    });
    this.#note("charges");
  }

  async #test(of: { patient: string; encounter: string }, day: number, random: Random): Promise<void> {
    const { call } = this.#client;
    const { code, unit, usual, spread } = TESTS[Math.floor(random() * TESTS.length)] as (typeof TESTS)[number];
    const minute = Math.floor(random() * 60);
    const { order } = await call(lab.order, { ...of, test: code, at: this.#calendar.at(day, 14, minute), ...LATE });
    this.#note("orders");
    if (random() < RATES.undone) {
      await call(lab.cancel, { order, reason: "not needed any more" });
      return;
    }
    const value = () => Math.round((usual + (random() - 0.5) * spread) * 100) / 100;
    const { observation } = await call(lab.enterResult, {
      order,
      finding: { value: value(), unit },
      at: this.#calendar.at(day, 15, minute),
      ...LATE,
    });
    this.#note("results");
    if (random() >= RATES.corrections) return;
    await call(lab.correctResult, { observation, finding: { value: value(), unit }, reason: "mixed up" });
    this.#note("corrected results");
  }

  async #medicate(of: { patient: string; encounter: string }, day: number, random: Random): Promise<void> {
    const { call } = this.#client;
    const medication = MEDICATIONS[Math.floor(random() * MEDICATIONS.length)] as (typeof MEDICATIONS)[number];
    const quantity = 2 + Math.floor(random() * 20);
    const at = this.#calendar.at(day, 16, Math.floor(random() * 60));
    const asked = { ...of, medication, quantity, dosage: "1 tablet up to 4 times a day", at, ...LATE };
    const { prescription } = await call(pharmacy.prescribe, asked);
    const { dispense } = await call(pharmacy.dispense, { prescription, quantity, at: this.#calendar.at(day, 17, 30), ...LATE });
    this.#note("dispenses");
    if (random() < RATES.voids) {
      await call(pharmacy.void, { dispense, reason: "never handed out" });
      this.#note("dispenses that were voided");
    } else if (random() < RATES.returns) {
      await call(pharmacy.return, { dispense, quantity: 1, at: this.#calendar.at(day, 18), ...LATE });
      this.#note("returns");
    }
  }

  async #transfer(one: Inpatient, day: number, random: Random): Promise<void> {
    const bed = this.#free.pop();
    if (bed === undefined) return;
    const { call } = this.#client;
    let left = bed;
    try {
      await call(hospitalizations.transfer, { stay: one.stay, bed, at: this.#calendar.at(day, 11), ...LATE });
      this.#note("transfers");
      [left, one.bed] = [one.bed, bed];
      if (random() < RATES.undone) {
        await call(hospitalizations.cancelTransfer, { stay: one.stay, reason: "bed not ready" });
        this.#note("transfers that were cancelled");
        [left, one.bed] = [one.bed, left];
      }
    } finally {
      this.#free.push(left);
    }
  }

  async #leave({ patient, stay, bed, isWoman }: Inpatient, day: number, random: Random): Promise<void> {
    const { call, fhir } = this.#client;
    const at = this.#calendar.at(day, 10, Math.floor(random() * 60));
    if (isWoman && random() < RATES.births) {
      await call(patients.registerNewborn, { mother: patient, gender: random() < 0.5 ? "female" : "male", birthDate: at.slice(0, 10) });
      this.#note("births");
    }
    await call(hospitalizations.discharge, { stay, at, ...LATE });
    this.#note("discharges");
    this.#free.push(bed);
    if (random() < RATES.deaths) {
      const known = this.#known.indexOf(patient);
      if (known >= 0) this.#known.splice(known, 1);
      const patch = [{ op: "add", path: "/deceasedDateTime", value: at }];
      const { status } = await fhir("PATCH", `/${patient}`, patch);
      this.#note(status === 200 ? "deaths" : `deaths that were not noted: ${status}`);
    }
    await this.#bill(stay, random);
  }

  async #bill(encounter: string, random: Random): Promise<void> {
    const { call } = this.#client;
    const { invoice } = await call(billing.invoice, { encounter });
    this.#note("bills");
    if (random() < RATES.cancelledBills) {
      await call(billing.cancelInvoice, { invoice, reason: "wrong address" });
      await call(billing.invoice, { encounter });
      this.#note("bills that were made again");
    } else if (random() < RATES.credits) {
      await call(billing.creditNote, { invoice, reason: "goodwill" });
      this.#note("credit notes");
    }
  }

  async #visit(day: number, random: Random): Promise<void> {
    const { call } = this.#client;
    const { patient } = await this.#somebody(random);
    const { visit } = await call(visits.open, { patient, at: this.#calendar.at(day, 8, Math.floor(random() * 60)), ...LATE });
    this.#note("visits");
    if (random() < RATES.orders / 2) await this.#test({ patient, encounter: visit }, day, random);
    await call(billing.charge, {
      encounter: visit,
      text: "Consultation",
      cents: 2_500,
      currency: "EUR",
      at: this.#calendar.at(day, 15, 59),
      ...LATE,
    });
    await call(visits.close, { visit, at: this.#calendar.at(day, 17), ...LATE });
    await this.#bill(visit, random);
  }

  async #merge({ source, target }: { source: string; target: string }, random: Random): Promise<void> {
    await this.#moved(source, await this.#client.call(patients.merge, { source, target }));
    this.#note("merges");
    if (random() >= RATES.unmerge) return;
    await this.#moved(source, await this.#client.call(patients.unmerge, { source }));
    this.#note("merges that were taken back");
  }

  /** Waits until the task of a merge has ended. */
  async #moved(source: string, begun: MergeState): Promise<void> {
    for (let state = begun; state.state === "running"; ) {
      await new Promise((resolve) => setTimeout(resolve, MERGE_POLL_MS));
      state = await this.#client.call(patients.mergeState, { source });
    }
  }
}
