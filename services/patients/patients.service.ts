import { v7 as timeOrderedId } from "uuid";
import { defineService } from "../../mesh/contract.ts";
import { dateRule, uriRule } from "../../mesh/param-rules.ts";
import { isType } from "../../federation/errors.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { owns, Gender, type patients } from "./patients.contract.ts";
import { identifierShared, PATIENT_ALREADY_REGISTERED, patientAlreadyRegistered } from "./patients.errors.ts";
import { newPatient, nobodyHas, patientKeys } from "./patients.model.ts";
import { rules } from "./patients.rules.ts";

/** Patients that a refusal names. */
const MAX_NAMED = 10;
const NAME = { type: "string", trim: true, min: 1, max: 200 } as const;

export default defineService<typeof patients, WithFhir>({
  name: "patients",
  mixins: [Fhir({ owns, rules, unique: { Patient: patientKeys } })],

  actions: {
    register: {
      rest: "POST",
      summary: "Register a person as a patient",
      params: {
        family: NAME,
        given: { type: "array", min: 1, max: 10, items: NAME },
        birthDate: dateRule,
        gender: { type: "enum", values: Object.values(Gender) },
        identifier: {
          type: "object",
          strict: true,
          props: { system: uriRule, value: { type: "string", min: 1, max: 200 } },
        },
        phone: { type: "string", min: 1, max: 50, optional: true },
        $$strict: true,
      },
      async handler(ctx) {
        const id = timeOrderedId();
        const ifNoneExist = nobodyHas(ctx.params.identifier);
        const result = await this.fhir.create(newPatient(id, ctx.params), ifNoneExist).catch(async (error: unknown) => {
          if (isType(error, PATIENT_ALREADY_REGISTERED)) throw patientAlreadyRegistered(holderOf(error));
          if (!isType(error, "MULTIPLE_MATCHES")) throw error;
          const sharing = await this.fhir.find({ type: "Patient", clauses: ifNoneExist.clauses, limit: MAX_NAMED });
          throw identifierShared(sharing.map((patient) => `Patient/${patient.id}`));
        });
        if (result.outcome !== "created") throw patientAlreadyRegistered(`Patient/${result.id}`);
        return { patient: `Patient/${id}`, version: result.version, registeredAt: new Date(result.updated).toISOString() };
      },
    },
  },
});

/** Who has the unique key that was refused. */
const holderOf = (error: unknown): string => (error as { data: { holder: string } }).data.holder;
