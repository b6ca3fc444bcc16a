import type { Context, Service } from "moleculer";
import { v7 as timeOrderedId } from "uuid";
import { clientOf } from "../../mesh/caller.ts";
import { readConfig } from "../../mesh/config.ts";
import { asSystem } from "../../mesh/access/access.ts";
import { defineService } from "../../mesh/contract.ts";
import { parseJson } from "../../fhir/json.ts";
import type { Patient, Stored } from "../../fhir/r4.ts";
import { isType, notFound } from "../../federation/errors.ts";
import { isKeyed } from "../../federation/prepare-part.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { type DurableEvent, task } from "../../mixins/events/event.ts";
import { Events } from "../../mixins/events/events.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { referenceTo, splitReference } from "../../mixins/fhir/domain-references.ts";
import { requireScope } from "../../mixins/fhir/own-scope.ts";
import { asSeen } from "../../mixins/fhir/seen-version.ts";
import { change, creation } from "../../mixins/fhir/write-steps.ts";
import { LateWrites } from "./merging/late-writes.ts";
import { CHUNK, type EmitStep, Merges, type MergedPair } from "./merging/merges.ts";
import { createAlone } from "./matching/fence.ts";
import { distinctFrom } from "./matching/distinct.model.ts";
import { DuplicateList } from "./matching/duplicate-list.ts";
import { type PatientMatch, candidatesFor, gradedOf, matchesWanted, sureMatches } from "./matching/find-matches.ts";
import { settings } from "./settings.ts";
import { emits, type MergeState, owns, type patients, type PersonIdentifier } from "./patients.contract.ts";
import {
  bornBeforeMother,
  childAlreadyRegistered,
  holderOf,
  motherMale,
  motherNotActive,
  notMerged,
  PATIENT_ALREADY_REGISTERED,
  patientAlreadyRegistered,
  patientChanged,
  possibleDuplicate,
  samePatient,
} from "./patients.errors.ts";
import {
  checked,
  described,
  isBornBefore,
  alreadyRegistered,
  registered,
  isClosed,
  newborn,
  newPatient,
  nobodyHas,
  patientKeys,
  replacementOf,
  unknownPatient,
  updated,
} from "./patients.model.ts";
import { newNumber, PATIENT_NUMBER, TEMPORARY_NUMBER } from "./record-numbers.ts";
import { confirm, description, distinct, duplicatesAsked, newbornChild, registration, unknown, update } from "./patients.params.ts";
import { rules } from "./patients.rules.ts";
import { registeredChild } from "./siblings.ts";

/** Identity of the service's own work over all owners (`services/identity/roles/system`): who merges records need not have the right to see all their resources. */
const SERVICE = "patients";
/** Patients that a refusal names. */
const MAX_NAMED = 10;
/** Time limit of a merge in one transaction; a larger one is a task. Milliseconds. */
const MERGE_MS = 30_000;
/** Candidates in one answer. */
const MAX_CANDIDATES = 100;
/** Attempts of a change while others write the same record. */
const ATTEMPTS = 5;

type This = Service & WithFhir & WithDirectory & Helpers;

interface Helpers {
  merges: Merges;
  late: LateWrites;
  duplicates: DuplicateList;
  beginTask(event: string, of: { ctx: Context; pair: MergedPair }): Promise<MergeState>;
  alike(ctx: Context, patient: Patient): Promise<PatientMatch[]>;
  refuseDuplicate(ctx: Context, patient: Patient, number: PersonIdentifier): Promise<void>;
  patient(reference: string): Promise<Stored<Patient>>;
  untilCurrent<Result>(reference: string, work: () => Promise<Result>): Promise<Result>;
}

export default defineService<typeof patients, WithFhir & WithDirectory & Helpers>({
  name: SERVICE,
  mixins: [
    Events<Helpers>({
      tasks: {
        async "patients.merge"(event: DurableEvent<MergedPair>) {
          await this.merges.carryOut(asSystem(this.broker, SERVICE), event.payload, "merge");
        },
        async "patients.unmerge"(event: DurableEvent<MergedPair>) {
          await this.merges.carryOut(asSystem(this.broker, SERVICE), event.payload, "part");
        },
      },
    }),
    Fhir({ owns, emits, rules, unique: { Patient: (patient: Patient) => patientKeys(patient, settings().table) } }),
  ],

  actions: {
    register: {
      rest: "POST",
      summary: "Register a person as a patient",
      params: registration,
      async handler(ctx) {
        const { table } = settings();
        const id = timeOrderedId();
        const number = checked(ctx.params.identifier ?? { system: PATIENT_NUMBER, value: newNumber() }, table);
        const ifNoneExist = nobodyHas(number);
        const patient = newPatient(id, { ...ctx.params, identifier: number }, table);
        const check = ctx.params.confirm === undefined ? () => this.refuseDuplicate(ctx, patient, number) : undefined;
        const result = await createAlone(patient, { of: this, table, ifNoneExist, check }).catch(async (error: unknown) => {
          if (isType(error, PATIENT_ALREADY_REGISTERED)) throw patientAlreadyRegistered(holderOf(error));
          if (!isType(error, "MULTIPLE_MATCHES")) throw error;
          const sharing = await this.fhir.find({ type: "Patient", clauses: ifNoneExist.clauses, limit: MAX_NAMED });
          throw alreadyRegistered(sharing);
        });
        if (result.outcome !== "created") throw alreadyRegistered([await this.patient(`Patient/${result.id}`)]);
        return registered(id, result);
      },
    },

    registerUnknown: {
      rest: "POST",
      summary: "Register who cannot say who they are",
      params: unknown,
      async handler(ctx) {
        const [id, value] = [timeOrderedId(), newNumber()];
        const result = await this.fhir.create(unknownPatient(id, value, ctx.params));
        return { ...registered(id, result), identifier: { system: TEMPORARY_NUMBER, value } };
      },
    },

    registerNewborn: {
      rest: "POST",
      summary: "Register a child that was born here, with its mother",
      params: newbornChild,
      async handler(ctx) {
        const { mother: reference, ...child } = ctx.params;
        return this.untilCurrent(reference, async () => {
          const mother = await this.patient(reference);
          if (isClosed(mother)) throw motherNotActive(reference);
          if (mother.gender === "male") throw motherMale(reference);
          if (isBornBefore(child, mother)) throw bornBeforeMother(reference);
          const same = await registeredChild(mother, child, this);
          if (same !== undefined) throw childAlreadyRegistered(same);
          const ids = { child: timeOrderedId(), mother: timeOrderedId(), number: newNumber() };
          const [patient, related, linked] = newborn(ids, child, mother);
          const [result] = await this.fhir.write([creation(patient), creation(related), change(linked)]);
          return { ...registered(patient.id, result), identifier: { system: PATIENT_NUMBER, value: ids.number } };
        });
      },
    },

    listNumberSystems: {
      rest: "GET",
      summary: "Which numbers of a person this hospital asks for",
      params: { $$strict: true },
      handler: async () => settings().table.kinds,
    },

    candidates: {
      rest: "POST",
      retryPolicy: { enabled: true }, // only reads
      summary: "Find patients who may be the same person",
      params: description(MAX_CANDIDATES),
      async handler(ctx) {
        requireScope(this, "Patient", "read");
        const { like, limit = MAX_NAMED, ...description } = ctx.params;
        const patient = like === undefined ? described(description, settings().table) : await this.patient(like);
        return (await this.alike(ctx, patient)).slice(0, limit).map(gradedOf);
      },
    },

    listDuplicates: {
      rest: "GET",
      summary: "Records that are probably of one person",
      params: duplicatesAsked,
      async handler(ctx) {
        requireScope(this, "Patient", "read");
        return this.duplicates.list(ctx.params);
      },
    },

    duplicatesState: {
      rest: "GET",
      summary: "How far the register was looked through for duplicates",
      params: { $$strict: true },
      async handler() {
        return this.duplicates.state();
      },
    },

    setDistinct: {
      rest: "POST",
      summary: "Say that two records are of two people",
      params: distinct,
      async handler(ctx) {
        const { patient: reference, other, reason } = ctx.params;
        if (reference === other) throw samePatient(other);
        await this.patient(other);
        return this.untilCurrent(reference, async () => {
          const { version } = await this.fhir.update(distinctFrom(await this.patient(reference), other, reason));
          return { patient: reference, version };
        });
      },
    },

    match: {
      whoMay: "role",
      retryPolicy: { enabled: true }, // only reads
      params: {
        text: { type: "string", min: 2, max: 100_000 },
        limit: { type: "number", integer: true, min: 1, max: MAX_CANDIDATES },
        onlyCertain: { type: "boolean" },
        $$strict: true,
      },
      async handler(ctx) {
        requireScope(this, "Patient", "read");
        return matchesWanted(await this.alike(ctx, parseJson(ctx.params.text) as Patient), ctx.params);
      },
    },

    merge: {
      rest: "POST",
      summary: "Merge two records of one person",
      timeout: MERGE_MS,
      params: {
        source: referenceTo("Patient"),
        target: referenceTo("Patient"),
        preview: { type: "boolean", optional: true },
        confirm,
        $$strict: true,
      },
      async handler(ctx) {
        const { preview, ...pair } = ctx.params;
        if (pair.source === pair.target) throw samePatient(pair.source);
        requireScope(this, "Patient", preview ? "read" : "u");
        const caller = asSystem(ctx, SERVICE);
        if (preview) return this.merges.preview(caller, pair);
        await this.merges.requireMergeable(caller, pair);
        if (isKeyed(ctx) || !(await this.merges.isSmall(caller, pair))) return this.beginTask("patients.merge", { ctx, pair });
        await this.merges.merge(caller, pair);
        return this.merges.state(caller, pair.source);
      },
    },

    unmerge: {
      rest: "POST",
      summary: "Take a merge of two records back",
      timeout: MERGE_MS,
      params: { source: referenceTo("Patient"), $$strict: true },
      async handler(ctx) {
        const { source } = ctx.params;
        requireScope(this, "Patient", "u");
        const target = replacementOf(await this.patient(source));
        if (target === undefined) throw notMerged(source);
        const pair = { source, target };
        await this.merges.requireLast(pair);
        const caller = asSystem(ctx, SERVICE);
        if (isKeyed(ctx) || (await this.merges.moved(source)) > CHUNK) return this.beginTask("patients.unmerge", { ctx, pair });
        await this.merges.part(caller, pair);
        return this.merges.state(caller, source);
      },
    },

    mergeState: {
      rest: "GET",
      summary: "How far a merge has come",
      params: { source: referenceTo("Patient"), $$strict: true },
      async handler(ctx) {
        requireScope(this, "Patient", "read");
        return this.merges.state(asSystem(ctx, SERVICE), ctx.params.source);
      },
    },

    update: {
      rest: "POST",
      summary: "Put right what is known of a patient",
      params: update,
      async handler(ctx) {
        const { patient: reference, version: _, ...given } = ctx.params;
        return this.untilCurrent(reference, async () => {
          const before = asSeen(await this.patient(reference), ctx.params, () => patientChanged(reference));
          const { version } = await this.fhir.update(updated(before, given, settings().table));
          return { patient: reference, version };
        });
      },
    },
  },

  created() {
    settings(); // a fault in the file ends the start
  },

  started() {
    const [{ store, directory }, bases] = [this, [readConfig().publicUrl ?? []].flat().map((url) => `${url}/fhir`)];
    const tell = (step: EmitStep) => Promise.all([this.fhir.write([step]), this.late.expect(step.event.key)]);
    this.merges = new Merges({ store, directory, bases, ...settings(), tell });
    const warn = (sentence: string) => this.logger.warn(sentence);
    this.late = new LateWrites({ store, merges: this.merges, caller: () => asSystem(this.broker, SERVICE), warn });
    this.late.start();
    this.duplicates = new DuplicateList({ store, holder: this.broker.nodeID, ...settings() });
    this.duplicates.start(warn);
  },

  async stopped(this: Partial<Helpers>) {
    await Promise.all([this.duplicates?.stop(), this.late?.stop()]);
  },

  methods: {
    /** Starts a task, which one node of the service runs and repeats until it is done; under an Idempotency-Key it starts when the request is decided. */
    async beginTask(this: This, event: string, { ctx, pair }: { ctx: Context; pair: MergedPair }): Promise<MergeState> {
      // The caller finds it running before the task starts; a keyed request is not noted, since it may still be given up.
      if (!isKeyed(ctx)) await this.merges.begun(pair, event === "patients.merge" ? "merge" : "part");
      await this.fhir.write([task({ id: `${event}/${timeOrderedId()}`, event, key: pair.source, payload: pair })]);
      return { ...(await this.merges.state(asSystem(ctx, SERVICE), pair.source)), state: "running" };
    },

    /** Similar patients, the most probable first. */
    async alike(this: This, ctx: Context, patient: Patient): Promise<PatientMatch[]> {
      return candidatesFor(patient, { store: this.store, client: clientOf(ctx), ...settings() });
    },

    /** @throws 409 POSSIBLE_DUPLICATE, except for a patient with the same identifier, who is refused by the write */
    async refuseDuplicate(this: This, ctx: Context, patient: Patient, number: PersonIdentifier): Promise<void> {
      const sure = sureMatches(await this.alike(ctx, patient), number, settings().table);
      if (sure.length > 0) throw possibleDuplicate(sure.slice(0, MAX_NAMED).map(gradedOf));
    },

    /** @throws 404 NOT_FOUND */
    async patient(this: This, reference: string): Promise<Stored<Patient>> {
      return this.fhir.require("Patient", reference, (one) => notFound(...splitReference(one)));
    },

    /** Reads and writes again while others write the same record. @throws 409 PATIENT_CHANGED, PATIENT_ALREADY_REGISTERED */
    async untilCurrent<Result>(this: This, reference: string, work: () => Promise<Result>): Promise<Result> {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await work();
        } catch (error) {
          if (isType(error, PATIENT_ALREADY_REGISTERED)) throw patientAlreadyRegistered(holderOf(error));
          if (!isType(error, "STALE_VERSION")) throw error;
          if (attempt === ATTEMPTS) throw patientChanged(reference);
        }
      }
    },
  },
});
