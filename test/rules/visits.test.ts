/** What no visit may become, by whichever door somebody writes. */
import { rulesTable } from "../kit/rules-table.ts";

rulesTable("Encounters", ["visits", "hospitalizations", "lab"], (at) => {
  const day = "2026-01-05T10:00:00Z";
  const visit = (more: object = {}) => ({
    resourceType: "Encounter",
    status: "in-progress",
    class: { code: "EMER" },
    subject: at.patient,
    period: { start: day },
    ...more,
  });
  let old = { reference: "" };
  const over = visit({ status: "finished", period: { start: day, end: day } });

  at.refuses("encounter-status", "what is finished to go on, unless it is kept that it was finished", {
    stored: over,
    change: (it) => ({ ...it, status: "in-progress" }),
    instead: (it) => ({ ...it, status: "in-progress", statusHistory: [{ status: "finished", period: { start: day } }] }),
    as: { status: 409, expression: "Encounter.status" },
  });
  const inBed = { location: [{ location: { display: "Bed 1" } }] };
  at.refuses("encounter-period", "to be in a bed when it has ended", {
    create: () => visit({ ...inBed, period: { start: day, end: day } }),
    insteadOf: () => visit({ ...inBed, period: { start: day, end: "2999-01-01" } }),
    as: { status: 422, expression: "Encounter.period.end" },
  });
  at.refuses("encounter-reopened", "to go on after the patient has died", {
    stored: () => ({ ...over, subject: at.dead }),
    change: (it) => ({ ...it, status: "in-progress", statusHistory: [{ status: "finished", period: { start: day } }] }),
    instead: (it) => ({ ...it, reasonCode: [{ text: "cough" }] }),
    as: { status: 409, expression: "Encounter.status" },
  });
  const finished = (subject: object) => ({ resourceType: "EpisodeOfCare", status: "finished", patient: subject });
  at.refuses("episode-of-care-subject", "another patient of an episode of care", {
    stored: () => finished(at.patient),
    change: (it) => ({ ...it, patient: at.other }),
    instead: (it) => ({ ...it, status: "entered-in-error" }),
    as: { status: 409, expression: "EpisodeOfCare.patient" },
  });
  at.refuses("patient-link", "a record to be replaced by the one that it has replaced", {
    stored: () => ({ resourceType: "Patient" }),
    under: async ({ id }) => {
      const link = [{ type: "replaced-by", other: { reference: `Patient/${id}` } }];
      old = await at.stored({ resourceType: "Patient", link });
    },
    change: (it) => ({ ...it, link: [{ type: "replaced-by", other: old }] }),
    instead: (it) => ({ ...it, link: [{ type: "replaces", other: old }] }),
    as: { status: 422, expression: "Patient.link" },
  });
  at.refuses("patient-link", "a record that was merged to lose its link, but not to change otherwise", {
    stored: async () => ({ resourceType: "Patient", link: [{ type: "replaced-by", other: await at.stored({ resourceType: "Patient" }) }] }),
    under: async (it) => {
      const [{ other }] = it.link as [{ other: { reference: string } }];
      const { body } = await at.fhir.get(`/${other.reference}`);
      const link = [{ type: "replaces", other: { reference: `Patient/${it.id}` } }];
      return at.fhir.send("PUT", `/${other.reference}`, { ...body, link });
    },
    change: (it) => ({ ...it, link: [{ type: "seealso", other: at.patient }] }),
    instead: (it) => ({ ...it, active: false }),
    as: { status: 409, expression: "Patient.link" },
  });
  at.refuses("patient-dates", "who died before they were born", {
    create: () => ({ resourceType: "Patient", birthDate: "2000-01-01", deceasedDateTime: "1999-06" }),
    insteadOf: () => ({ resourceType: "Patient", birthDate: "1999-06-05", deceasedDateTime: "1999" }),
    as: { status: 422, expression: "Patient.deceased" },
  });
  at.refuses(
    "encounter-period",
    "an open visit in a place until next century without a status, which would say whether the patient is there",
    {
      create: () => visit({ location: [{ location: { display: "Bed 1" }, period: { end: "2100-01-01" } }] }),
      insteadOf: () => visit({ location: [{ location: { display: "Bed 1" }, status: "active", period: { end: "2100-01-01" } }] }),
      as: { status: 422, expression: "Encounter.location" },
    },
  );
  at.refuses("encounter-status", "what is cancelled to become finished, but not to be an error", {
    stored: visit({ status: "cancelled" }),
    change: (it) => ({ ...it, status: "finished" }),
    instead: (it) => ({ ...it, status: "entered-in-error" }),
    as: { status: 409 },
  });
  at.refuses("encounter-subject", "another patient", {
    stored: visit(),
    change: (it) => ({ ...it, subject: at.other }),
    instead: (it) => ({ ...it, reasonCode: [{ text: "cough" }] }),
    as: { status: 409, expression: "Encounter.subject" },
  });
  at.refuses("encounter-subject", "another patient with another class, so that it is another service's", {
    stored: over,
    change: (it) => ({ ...it, subject: at.other, class: { code: "IMP" } }),
    instead: (it) => ({ ...it, class: { code: "IMP" } }),
    as: { status: 409 },
  });
  at.refuses("encounter-status", "to go on with another class, so that it is another service's", {
    stored: over,
    change: (it) => ({ ...it, status: "in-progress", class: { code: "IMP" } }),
    instead: (it) => ({ ...it, class: { code: "IMP" } }),
    as: { status: 409 },
  });
  at.refuses("encounter-patient", "an open visit of somebody who has died, but not one that has begun in the past", {
    create: () => visit({ subject: at.dead, period: { start: new Date().toISOString() } }),
    insteadOf: () => visit({ subject: at.dead }),
    as: { status: 409, expression: "Encounter.subject" },
  });
  at.refuses("encounter-patient", "an open visit under a record that was replaced, but under the one that took its place", {
    create: () => visit({ subject: at.replaced, period: undefined }),
    insteadOf: () => visit(),
    as: { status: 409 },
  });
  at.refuses("encounter-patient", "a stay that is planned for somebody who has died, but not one that was cancelled", {
    create: () => visit({ status: "planned", class: { code: "IMP" }, subject: at.dead, period: undefined }),
    insteadOf: () => visit({ status: "cancelled", class: { code: "AMB" }, subject: at.dead, period: undefined }),
    as: { status: 409, expression: "Encounter.subject" },
  });
  it("cannot begin if the patient has died since they were planned", async () => {
    const subject = await at.stored({ resourceType: "Patient" });
    const { body } = await at.fhir.create(visit({ status: "planned", subject, period: undefined }));
    const [, id] = subject.reference.split("/");
    await at.fhir.send("PUT", `/${subject.reference}`, { resourceType: "Patient", id, deceasedBoolean: true });
    const put = (status: string) => at.fhir.send("PUT", `/Encounter/${body.id}`, { ...body, status });
    expect(await put("arrived")).toMatchObject({ status: 409 });
    expect(await put("cancelled")).toMatchObject({ status: 200 });
  });
  at.refuses("encounter-period", "an open visit from before its patient was born", {
    create: async () =>
      visit({ subject: await at.stored({ resourceType: "Patient", birthDate: "2020-03-01" }), period: { start: "1980" } }),
    insteadOf: async () =>
      visit({ subject: await at.stored({ resourceType: "Patient", birthDate: "2020-03-01" }), period: { start: "2020-02-29" } }),
    as: { status: 422, expression: "Encounter.period.start" },
  });
  const toCome = (more: object = {}) => ({
    resourceType: "Appointment",
    status: "booked",
    participant: [{ actor: at.patient, status: "accepted" }],
    start: "2999-05-01T10:00:00Z",
    end: "2999-05-01T10:30:00Z",
    ...more,
  });
  at.refuses("encounter-one-patient", "a visit that keeps another patient's appointment, but not a couple's", {
    create: async () => visit({ appointment: [await at.stored(toCome({ participant: [{ actor: at.other, status: "accepted" }] }))] }),
    insteadOf: async () => {
      const participant = [at.other, at.patient].map((actor) => ({ actor, status: "accepted" }));
      return visit({ appointment: [await at.stored(toCome({ participant }))] });
    },
    as: { status: 409, expression: "Encounter.appointment" },
  });
  at.refuses("appointment-one-patient", "an appointment for another patient's order", {
    create: async () => toCome({ basedOn: [await ordered(at.other)] }),
    insteadOf: async () => toCome({ basedOn: [await ordered(at.patient)] }),
    as: { status: 409, expression: "Appointment.basedOn" },
  });
  const ordered = (subject: object) => at.stored({ resourceType: "ServiceRequest", status: "active", intent: "order", subject });
  at.refuses("encounter-time", "a visit that is over and began in 2090", {
    create: () => visit({ status: "finished", period: { start: "2090-01-01", end: "2090-01-02" } }),
    insteadOf: () => visit({ status: "finished", period: { start: day, end: "2090-01-02" } }),
    as: { status: 422, expression: "Encounter.period.start" },
  });
  it("of contained patients may be concurrent: one id is another patient in each resource", async () => {
    const contained = () => visit({ subject: { reference: "#p" }, contained: [{ resourceType: "Patient", id: "p" }] });
    for (const code of ["AMB", "AMB", "IMP", "IMP"]) {
      expect(await at.fhir.create({ ...contained(), class: { code } })).toMatchObject({ status: 201 });
    }
  });
  at.refuses("encounter-period", "an open visit that begins in 2090, but not a planned one", {
    create: () => visit({ period: { start: "2090" } }),
    insteadOf: () => visit({ status: "planned", period: { start: "2090" } }),
    as: { status: 422, expression: "Encounter.period.start" },
  });
  at.refuses("encounter-status", "a finished visit's status to be unknown, but that of one that goes on", {
    stored: () => visit({ status: "finished" }),
    change: (it) => ({ ...it, status: "unknown" }),
    instead: (it) => ({ ...it, status: "entered-in-error" }),
    as: { status: 409, expression: "Encounter.status" },
  });
  it("may get the status unknown", async () => {
    const { body } = await at.fhir.create(visit());
    for (const status of ["unknown", "finished"]) {
      expect(await at.fhir.send("PUT", `/Encounter/${body.id}`, { ...body, status })).toMatchObject({ status: 200 });
    }
  });
  at.refuses("encounter-period", "a visit that is planned for 2090 to be open", {
    stored: () => visit({ status: "planned", period: { start: "2090" } }),
    change: (it) => ({ ...it, status: "in-progress" }),
    instead: (it) => ({ ...it, period: { start: "2091" } }),
    as: { status: 422, expression: "Encounter.period.start" },
  });
  const appointment = (status: string, actor = at.patient) => ({
    resourceType: "Appointment",
    status,
    start: "2090-01-05T10:00:00Z",
    end: "2090-01-05T10:20:00Z",
    participant: [{ actor, status: "accepted" }],
  });
  at.refuses("appointment-status", "an appointment that was kept to be booked", {
    stored: () => ({ ...appointment("fulfilled"), start: day, end: day }),
    change: (it) => ({ ...it, status: "booked" }),
    instead: (it) => ({ ...it, comment: "came late" }),
    as: { status: 409, expression: "Appointment.status" },
  });
  at.refuses("appointment-patient", "an appointment of who has died, but not one that is cancelled", {
    create: () => appointment("booked", at.dead),
    insteadOf: () => appointment("cancelled", at.dead),
    as: { status: 409, expression: "Appointment.participant" },
  });
  at.refuses("appointment-subject", "the appointment of one patient to become another's, but not of both", {
    stored: () => appointment("booked"),
    change: (it) => ({ ...it, participant: appointment("booked", at.other).participant }),
    instead: (it) => ({ ...it, participant: [at.patient, at.other].map((actor) => ({ actor, status: "accepted" })) }),
    as: { status: 409, expression: "Appointment.participant" },
  });
  at.refuses("appointment-period", "an appointment that ends before it begins", {
    create: () => ({ ...appointment("booked"), end: "2090-01-05T09:00:00Z" }),
    insteadOf: () => appointment("booked"),
    as: { status: 422, expression: "Appointment.end" },
  });
  at.refuses("appointment-time", "an appointment to be kept in the future", {
    create: () => appointment("fulfilled"),
    insteadOf: () => appointment("arrived"),
    as: { status: 422, expression: "Appointment.start" },
  });
  at.refuses("appointment-references", "an appointment in a slot that there is not", {
    create: () => ({ ...appointment("booked"), slot: [{ reference: "Slot/nowhere" }] }),
    insteadOf: async () => {
      const { start, end } = appointment("booked");
      return {
        ...appointment("booked"),
        slot: [await at.stored({ resourceType: "Slot", status: "free", start, end, schedule: { display: "x" } })],
      };
    },
    as: { status: 409, expression: "Appointment.slot" },
  });
  at.refuses("appointment-references", "an appointment of nobody", {
    create: () => appointment("booked", { reference: "Patient/nobody" }),
    insteadOf: () => appointment("booked"),
    as: { status: 409, expression: "Appointment.participant.actor" },
  });
  let hours = 0;
  /** An appointment with one practitioner in an hour that nobody has yet. */
  const booked = () => {
    hours += 1;
    const [start, end] = [0, 20].map((minutes) => new Date(Date.UTC(2090, 1, 1, hours, minutes)).toISOString());
    return { ...appointment("booked"), start, end, participant: [{ actor: { reference: "Practitioner/1" }, status: "accepted" }] };
  };
  const because = { extension: [{ url: "urn:openward:overbooked", valueString: "an emergency" }] };
  at.refuses("appointment-overlap", "an appointment with somebody who has another then, but at another time", {
    create: async () => {
      const other = booked();
      await at.stored(other);
      return { ...other, start: other.start?.replace(":00:", ":19:"), end: other.end?.replace(":20:", ":40:") };
    },
    insteadOf: booked,
    as: { status: 409, expression: "Appointment.start" },
  });
  let taken = {};
  at.refuses("appointment-overlap", "an appointment to be moved to where another is, but with a reason", {
    stored: booked,
    under: () => {
      const { start, end, ...other } = booked();
      taken = { start, end };
      return at.stored({ ...other, start, end });
    },
    change: (it) => ({ ...it, ...taken }),
    instead: (it) => ({ ...it, ...taken, ...because }),
    as: { status: 409, expression: "Appointment.start" },
  });
  at.refuses("encounter-references", "a visit of nobody, but of somebody who is elsewhere", {
    create: () => visit({ subject: { reference: "Patient/nobody" }, period: undefined }),
    insteadOf: () => visit({ subject: { reference: "https://elsewhere.example/fhir/Patient/1" } }),
    as: { status: 409, expression: "Encounter.subject" },
  });
  at.refuses("encounter-references", "a visit of nobody that begins now, but not a record of the past from elsewhere", {
    create: () => visit({ subject: { reference: "Patient/nobody" }, period: { start: new Date().toISOString() } }),
    insteadOf: () => visit({ subject: { reference: "Patient/nobody" } }),
    as: { status: 409 },
  });
});
