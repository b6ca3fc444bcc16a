import type { Context, Service } from "moleculer";
import { v7 as timeOrderedId } from "uuid";
import { defineService } from "../../mesh/contract.ts";
import type { OccurrenceTime } from "../../mesh/occurrence-time-contract.ts";
import type { SeenVersion } from "../../mesh/seen-version-contract.ts";
import type { Encounter, Stored } from "../../fhir/r4.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import { Fhir, type WithFhir } from "../../mixins/fhir/fhir.ts";
import { occurrenceTime, withLateReason } from "../../mixins/fhir/occurrence-time.ts";
import { placesOf } from "../../mixins/fhir/rules/encounter-places.ts";
import { asSeen } from "../../mixins/fhir/seen-version.ts";
import { readReference, requireReference } from "../../mixins/fhir/domain-references.ts";
import { emits, owns, type Disposition, type hospitalizations, type Stay } from "./hospitalizations.contract.ts";
import { bedOccupied, requestNotFound, stayChanged, stayNotFound, wardMissing } from "./hospitalizations.errors.ts";
import { admit, admitFromVisit, endVisit, lastMoveOf, stayKeys, transfer } from "./hospitalizations.model.ts";
import { params } from "./hospitalizations.params.ts";
import { invariants } from "./hospitalizations.invariants.ts";
import { rules } from "./hospitalizations.rules.ts";
import { carryOut, changed, handOver, leftOpen, patientOf, physicianOf, requireBed, swapBeds, whereTo } from "./carry-out.ts";
import { requestOf } from "./requests.contract.ts";
import { acceptRequest, admitFromRequest, denyRequest, newRequest, withdrawAcceptance } from "./requests.model.ts";
import { cancelDeath, cancelLeave, comeBack, die, dischargeTo, goOnLeave, responsibleSince, withPhysician } from "./stays.model.ts";
import { acceptTransfer, denyTransfer, requestTransfer, withdrawTransfer } from "./transfers.model.ts";
import { cancelAdmission, cancelDischarge, cancelTransfer } from "./undo.model.ts";

type This = Service & WithFhir & WithDirectory & Helpers;

interface Helpers {
  stay(asked: { stay: string } & SeenVersion): Promise<Stored<Encounter>>;
  planned(asked: { request: string } & SeenVersion): Promise<Stored<Encounter>>;
  move(
    ctx: Context<OccurrenceTime & SeenVersion & { stay: string }>,
    made: (before: Stored<Encounter>, at: Date) => Stored<Encounter>,
  ): Promise<Stay>;
}

export default defineService<typeof hospitalizations, WithFhir & WithDirectory & Helpers>({
  name: "hospitalizations",
  mixins: [Fhir({ owns, emits, unique: { Encounter: stayKeys }, rules, invariants })],

  actions: {
    request: {
      rest: "POST",
      summary: "Ask that a patient be admitted",
      params: params.request,
      async handler(ctx) {
        const { patient, ward, motherStay } = ctx.params;
        const mesh = { caller: ctx, directory: this.directory };
        await Promise.all([patient, ward, motherStay].map((it) => it === undefined || requireReference(mesh, it)));
        const request = withLateReason(
          newRequest(timeOrderedId(), ctx.params, occurrenceTime(ctx.params, { now: new Date() })),
          ctx.params,
        );
        const { version } = await this.fhir.create(request);
        return requestOf(request, version);
      },
    },

    accept: {
      rest: "POST",
      summary: "Accept a request for admission and keep a place",
      params: params.accept,
      async handler(ctx) {
        const before = await this.planned(ctx.params);
        const ward = ctx.params.ward ?? requestOf(before, 0).ward;
        if (ward === undefined) throw wardMissing();
        await requireReference({ caller: ctx, directory: this.directory }, ward);
        return changed(this, acceptRequest(before, ward));
      },
    },

    withdrawAcceptance: {
      rest: "POST",
      summary: "Keep no place any more for an accepted request",
      params: params.accept,
      async handler(ctx) {
        const { ward } = ctx.params;
        const before = await this.planned(ctx.params);
        if (ward !== undefined) await requireReference({ caller: ctx, directory: this.directory }, ward);
        return changed(this, withdrawAcceptance(before, ward));
      },
    },

    deny: {
      rest: "POST",
      summary: "Deny a request for admission",
      params: params.deny,
      async handler(ctx) {
        const before = await this.planned(ctx.params);
        return changed(this, denyRequest(before, ctx.params.reason, new Date()));
      },
    },

    admit: {
      rest: "POST",
      summary: "Admit a patient to a bed, or to a ward",
      params: params.admit,
      async handler(ctx) {
        const { patient, visit, request, reason } = ctx.params;
        const mesh = { caller: ctx, directory: this.directory };
        await requireReference(mesh, patient);
        const place = await whereTo(mesh, ctx.params);
        const before = visit === undefined ? undefined : await readReference<Encounter>(mesh, visit);
        const at = occurrenceTime(ctx.params, { now: new Date(), ...(before && { after: lastMoveOf(before) }) });
        const asked = { patient, bed: place, ...(reason !== undefined && { reason }) };
        const ended = request !== undefined && before ? [endVisit(before, patient, at)] : [];
        const begun = before ? admitFromVisit(before, asked, at) : admit(timeOrderedId(), asked, at);
        const stay = request === undefined ? begun : admitFromRequest(await this.planned({ request }), { patient, place }, at);
        return carryOut(ctx, withLateReason(stay, ctx.params), ...ended);
      },
    },

    transfer: {
      rest: "POST",
      summary: "Move a patient to another bed or ward",
      params: params.transfer,
      async handler(ctx) {
        const before = await this.stay(ctx.params);
        const place = ctx.params.bed ?? ctx.params.ward;
        if (place === undefined) throw wardMissing();
        const at = occurrenceTime(ctx.params, { now: new Date(), after: lastMoveOf(before) });
        const pending = await leftOpen({ caller: ctx, directory: this.directory }, before, place);
        const stay = withLateReason(transfer(before, place, at, pending), ctx.params);
        if (placesOf(before).includes(place)) throw bedOccupied(place);
        await whereTo({ caller: ctx, directory: this.directory }, ctx.params);
        return carryOut(ctx, stay);
      },
    },

    requestTransfer: {
      rest: "POST",
      summary: "Ask that a patient be moved",
      params: params.requestTransfer,
      async handler(ctx) {
        const before = await this.stay(ctx.params);
        await requireReference({ caller: ctx, directory: this.directory }, ctx.params.to);
        return carryOut(ctx, requestTransfer(before, ctx.params.to));
      },
    },

    acceptTransfer: {
      rest: "POST",
      summary: "Keep a place for a patient who shall be moved",
      params: params.ofTransfer,
      async handler(ctx) {
        return carryOut(ctx, acceptTransfer(await this.stay(ctx.params)));
      },
    },

    denyTransfer: {
      rest: "POST",
      summary: "Deny that a patient be moved",
      params: params.undo,
      async handler(ctx) {
        return carryOut(ctx, denyTransfer(await this.stay(ctx.params), ctx.params.reason));
      },
    },

    withdrawTransfer: {
      rest: "POST",
      summary: "Ask no longer that a patient be moved",
      params: params.ofTransfer,
      async handler(ctx) {
        return carryOut(ctx, withdrawTransfer(await this.stay(ctx.params)));
      },
    },

    swap: {
      rest: "POST",
      summary: "Let two patients change their beds",
      params: params.swap,
      async handler(ctx) {
        const mesh = { caller: ctx, directory: this.directory };
        return swapBeds({ fhir: this.fhir, mesh }, [await this.stay(ctx.params), await this.stay(otherOf(ctx.params))], ctx.params);
      },
    },

    leave: {
      rest: "POST",
      summary: "Let a patient go away for a while",
      params: params.move,
      async handler(ctx) {
        return this.move(ctx, goOnLeave);
      },
    },

    return: {
      rest: "POST",
      summary: "Take a patient back who was away",
      params: params.move,
      async handler(ctx) {
        return this.move(ctx, comeBack);
      },
    },

    cancelLeave: {
      rest: "POST",
      summary: "Undo a leave, or the return from it",
      params: params.undo,
      async handler(ctx) {
        return carryOut(ctx, cancelLeave(await this.stay(ctx.params), ctx.params.reason));
      },
    },

    setPhysician: {
      rest: "POST",
      summary: "Make a physician responsible for a stay",
      params: params.setPhysician,
      async handler(ctx) {
        const before = await this.stay(ctx.params);
        const physician = await physicianOf({ caller: ctx, directory: this.directory }, ctx.params.physician);
        const at = occurrenceTime(ctx.params, { now: new Date(), after: responsibleSince(before) });
        return carryOut(ctx, withLateReason(withPhysician(before, physician, at), ctx.params));
      },
    },

    handOver: {
      rest: "POST",
      summary: "Write what the next one on duty must know",
      params: params.handOver,
      async handler(ctx) {
        return handOver(ctx, await this.stay(ctx.params), ctx.params);
      },
    },

    discharge: {
      rest: "POST",
      summary: "Discharge a patient and free the bed",
      params: params.discharge,
      async handler(ctx) {
        return this.move(ctx, (before, at) => dischargeTo(before, ctx.params.disposition as Disposition | undefined, at));
      },
    },

    die: {
      rest: "POST",
      summary: "End a stay by the death of the patient",
      params: params.move,
      async handler(ctx) {
        const before = await this.stay(ctx.params);
        const at = occurrenceTime(ctx.params, { now: new Date(), after: lastMoveOf(before) });
        const patient = await patientOf({ caller: ctx, directory: this.directory }, before);
        const [ended, dead] = die(before, patient, at);
        return carryOut(ctx, withLateReason(ended, ctx.params), ...(dead ? [dead] : []));
      },
    },

    cancelAdmission: {
      rest: "POST",
      summary: "Undo an admission and free the bed",
      params: params.undo,
      async handler(ctx) {
        return carryOut(ctx, cancelAdmission(await this.stay(ctx.params), ctx.params.reason, new Date()));
      },
    },

    cancelTransfer: {
      rest: "POST",
      summary: "Undo the last transfer",
      params: params.undo,
      async handler(ctx) {
        return carryOut(ctx, cancelTransfer(await this.stay(ctx.params), ctx.params.reason));
      },
    },

    cancelDischarge: {
      rest: "POST",
      summary: "Undo a discharge",
      params: params.undoEnd,
      async handler(ctx) {
        const { bed } = ctx.params;
        const again = cancelDischarge(await this.stay(ctx.params), ctx.params, new Date());
        if (bed !== undefined) await requireBed({ caller: ctx, directory: this.directory }, bed);
        return carryOut(ctx, again);
      },
    },

    cancelDeath: {
      rest: "POST",
      summary: "Undo a death that was none",
      params: params.undoEnd,
      async handler(ctx) {
        const before = await this.stay(ctx.params);
        const mesh = { caller: ctx, directory: this.directory };
        const [again, alive] = cancelDeath(before, await patientOf(mesh, before), ctx.params, new Date());
        if (ctx.params.bed !== undefined) await requireBed(mesh, ctx.params.bed);
        return carryOut(ctx, again, ...(alive ? [alive] : []));
      },
    },
  },

  methods: {
    /** @throws 404 STAY_NOT_FOUND, 409 STAY_CHANGED */
    async stay(this: This, { stay, ...seen }: { stay: string } & SeenVersion): Promise<Stored<Encounter>> {
      return asSeen(await this.fhir.require("Encounter", stay, stayNotFound), seen, stayChanged);
    },

    /** @throws 404 REQUEST_NOT_FOUND, 409 STAY_CHANGED */
    async planned(this: This, { request, ...seen }: { request: string } & SeenVersion): Promise<Stored<Encounter>> {
      return asSeen(await this.fhir.require("Encounter", request, requestNotFound), seen, stayChanged);
    },

    /** Carries out a move of a stay at a given time. */
    async move(
      this: This,
      ctx: Context<OccurrenceTime & SeenVersion & { stay: string }>,
      made: (before: Stored<Encounter>, at: Date) => Stored<Encounter>,
    ): Promise<Stay> {
      const before = await this.stay(ctx.params);
      const at = occurrenceTime(ctx.params, { now: new Date(), after: lastMoveOf(before) });
      return carryOut(ctx, withLateReason(made(before, at), ctx.params));
    },
  },
});

/** The second stay of a swap. */
const otherOf = ({ with: stay, versionOfOther: version }: { with: string; versionOfOther?: number }) => ({
  stay,
  ...(version !== undefined && { version }),
});
