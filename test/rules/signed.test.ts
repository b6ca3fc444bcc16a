/** What nobody does to what somebody has signed, by whichever door. */
import { freshIdentifier } from "../kit/doors.ts";
import { rulesTable } from "../kit/rules-table.ts";

rulesTable("what is signed", ["lab", "pharmacy"], (at) => {
  const signature = (target: string) => ({
    resourceType: "Provenance",
    target: [{ reference: `${target}/_history/1` }],
    recorded: "2026-01-05T08:00:00Z",
    agent: [{ who: { reference: "Practitioner/1" } }],
    signature: [
      {
        type: [{ system: "urn:iso-astm:E1762-95:2013", code: "1.2.840.10065.1.12.1.1" }],
        when: "2026-01-05T08:00:00Z",
        who: { reference: "Practitioner/1" },
        sigFormat: "application/jose",
        data: "YQ==",
      },
    ],
  });
  const sign = ({ resourceType, id }: { resourceType?: unknown; id?: unknown }) => at.stored(signature(`${resourceType}/${id}`));
  const prescription = () => ({
    resourceType: "MedicationRequest",
    status: "active",
    intent: "order",
    medicationCodeableConcept: { text: "x" },
    subject: at.patient,
  });
  const note = () => ({
    resourceType: "DocumentReference",
    status: "current",
    docStatus: "final",
    subject: at.patient,
    content: [{ attachment: { url: "urn:note" } }],
  });
  const composition = () => ({
    resourceType: "Composition",
    status: "final",
    type: { text: "letter" },
    date: "2026-01-05",
    author: [{ reference: "Practitioner/1" }],
    title: "Letter",
    identifier: freshIdentifier(),
    subject: at.patient,
  });
  const report = (more: object = {}) => ({
    resourceType: "DiagnosticReport",
    status: "final",
    code: { text: "x" },
    subject: at.patient,
    ...more,
  });

  at.refuses("medication-request-signed", "a signed prescription to be for something else", {
    stored: prescription,
    under: sign,
    change: (it) => ({ ...it, medicationCodeableConcept: { text: "y" } }),
    instead: (it) => ({ ...it, status: "stopped" }),
    as: { status: 409 },
  });
  at.refuses("document-reference-signed", "a signed note to have another content in silence", {
    stored: note,
    under: sign,
    change: (it) => ({ ...it, content: [{ attachment: { url: "urn:other" } }] }),
    instead: (it) => ({ ...it, content: [{ attachment: { url: "urn:other" } }], docStatus: "amended" }),
    as: { status: 409 },
  });
  at.refuses("composition-signed", "a signed letter to have another title in silence", {
    stored: composition,
    under: sign,
    change: (it) => ({ ...it, title: "Another" }),
    instead: (it) => ({ ...it, title: "Another", status: "amended" }),
    as: { status: 409 },
  });
  at.refuses("diagnostic-report-signed", "a signed report to be deleted", { remove: report, under: sign, as: { status: 409 } });
  it.each([
    ["is stored once more as it is", (it: object) => it],
    ["gets a label", (it: object) => ({ ...it, meta: { tag: [{ code: "seen" }] } })],
  ])("counts where it %s in the same transaction (composition-signed, medication-request-signed)", async (_, again) => {
    for (const [made, other] of [
      [composition, { title: "Another" }],
      [prescription, { medicationCodeableConcept: { text: "y" } }],
    ] as const) {
      const { reference } = await at.stored(made());
      const [{ body }, { reference: signedBy }] = [await at.fhir.get(`/${reference}`), await at.stored(signature(reference))];
      const put = (resource: object, url: string) => ({ resource, request: { method: "PUT", url } });
      const own = put(again((await at.fhir.get(`/${signedBy}`)).body), signedBy);
      const send = (more: object) =>
        Promise.all(
          [
            [own, put({ ...body, ...more }, reference)],
            [put({ ...body, ...more }, reference), own],
          ].map((entry) => at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry })),
        );
      const refused = { status: 409, body: { issue: [{ code: "business-rule" }] } };
      expect(await send(other)).toMatchObject([refused, refused]);
      expect((await at.fhir.get(`/${reference}`)).body.meta?.versionId).toBe("1");
    }
  });
  // A Provenance has no identifier, by which the table finds what it has stored again.
  const rule = "provenance-signature";
  it(`refuse (${rule}) a signature to be another, or to be deleted`, async () => {
    const { reference } = await at.stored(signature((await at.stored(note())).reference));
    const { body } = await at.fhir.get(`/${reference}`);
    const refused = { status: 409, body: { issue: [{ expression: ["Provenance.signature"] }] } };
    expect(await at.fhir.send("PUT", `/${reference}`, { ...body, recorded: "2026-01-06T08:00:00Z" })).toMatchObject(refused);
    expect(await at.fhir.send("DELETE", `/${reference}`)).toMatchObject(refused);
    const entry = { request: { method: "DELETE", url: reference } };
    expect((await at.fhir.send("POST", "", { resourceType: "Bundle", type: "transaction", entry: [entry] })).status).toBe(409);
    expect(await at.fhir.send("PUT", `/${reference}`, { ...body, meta: { tag: [{ code: "seen" }] } })).toMatchObject({ status: 200 });
  });
});
