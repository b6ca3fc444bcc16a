/** Where RULES says reasons:on, nothing final changes without a reason, by whichever door somebody writes; elsewhere a correction needs none. */
import { billing } from "../../services/billing/billing.contract.ts";
import { lab } from "../../services/lab/lab.contract.ts";
import { pharmacy } from "../../services/pharmacy/pharmacy.contract.ts";
import { visits } from "../../services/visits/visits.contract.ts";
import { freshIdentifier } from "../kit/doors.ts";
import { fhirAt } from "../kit/fhir-http.ts";
import { startMesh } from "../kit/mesh.ts";
import { rulesTable } from "../kit/rules-table.ts";

const code = { text: "x" };
const because = { extension: [{ url: "urn:openward:reason", valueString: "mixed up" }] };
const WITHOUT = { status: 422 };

rulesTable(
  "reasons",
  ["visits", "lab", "pharmacy", "billing"],
  (at) => {
    const result = () => ({
      resourceType: "Observation",
      status: "final",
      code,
      category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" }] }],
      subject: at.patient,
      valueString: "clear",
    });
    const stored = (resourceType: string, status: string, more: object = {}) => ({ resourceType, status, subject: at.patient, ...more });

    at.refuses("observation-reason", "another value of a final result without a word", {
      stored: result,
      change: (it) => ({ ...it, status: "corrected", valueString: "cloudy" }),
      instead: (it) => ({ ...it, status: "corrected", valueString: "cloudy", note: [{ text: "read again" }] }),
      as: WITHOUT,
    });
    at.refuses("observation-reason", "a corrected result to be corrected once more with the reason that it had", {
      stored: () => ({ ...result(), status: "corrected", ...because }),
      change: (it) => ({ ...it, valueString: "cloudy" }),
      instead: (it) => ({ ...it, note: [{ text: "seen" }] }),
      as: WITHOUT,
    });
    at.refuses("diagnostic-report-reason", "a final report to be an error without a word", {
      stored: () => stored("DiagnosticReport", "final", { code }),
      change: (it) => ({ ...it, status: "entered-in-error" }),
      instead: (it) => ({ ...it, status: "entered-in-error", ...because }),
      as: WITHOUT,
    });
    at.refuses("medication-dispense-reason", "a dispense to be an error without a word", {
      stored: () => stored("MedicationDispense", "completed", { medicationCodeableConcept: code }),
      change: (it) => ({ ...it, status: "entered-in-error" }),
      instead: (it) => ({ ...it, status: "entered-in-error", statusReasonCodeableConcept: { text: "not handed out" } }),
      as: WITHOUT,
    });
    at.refuses("medication-administration-reason", "a dose to be an error without a word", {
      stored: () => stored("MedicationAdministration", "completed", { medicationCodeableConcept: code, effectiveDateTime: "2026-01-05" }),
      change: (it) => ({ ...it, status: "entered-in-error" }),
      instead: (it) => ({ ...it, status: "entered-in-error", note: [{ text: "not given" }] }),
      as: WITHOUT,
    });
    at.refuses("supply-delivery-reason", "a delivery to be an error without a word", {
      stored: () => ({ resourceType: "SupplyDelivery", status: "completed" }),
      change: (it) => ({ ...it, status: "entered-in-error" }),
      instead: (it) => ({ ...it, status: "entered-in-error", ...because }),
      as: WITHOUT,
    });
    at.refuses("invoice-reason", "an issued Invoice to be cancelled without a word, but not to be paid", {
      stored: () => stored("Invoice", "issued"),
      change: (it) => ({ ...it, status: "cancelled" }),
      instead: (it) => ({ ...it, status: "balanced" }),
      as: WITHOUT,
    });

    it("can be a Provenance in the same transaction, but not one of another resource", async () => {
      const { body } = await at.fhir.create(stored("DiagnosticReport", "final", { code, identifier: [freshIdentifier()] }));
      const place = `DiagnosticReport/${body.id}`;
      const why = (reference: string) => ({
        resourceType: "Provenance",
        target: [{ reference }],
        recorded: "2026-01-05T08:00:00Z",
        agent: [{ who: { display: "laboratory" } }],
        reason: [{ text: "mixed up" }],
      });
      const together = (reference: string) =>
        at.fhir.send("POST", "", {
          resourceType: "Bundle",
          type: "transaction",
          entry: [
            { resource: { ...body, status: "corrected", conclusion: "y" }, request: { method: "PUT", url: place } },
            { resource: why(reference), request: { method: "POST", url: "Provenance" } },
          ],
        });
      expect((await together("DiagnosticReport/other")).status).toBe(422);
      expect((await together(place)).status).toBe(200);
    });

    it("are given by the actions that correct", async () => {
      const { caller } = at.mesh;
      const patient = at.patient.reference;
      const { visit } = await visits.open(caller, { patient });
      const { order } = await lab.order(caller, { patient, encounter: visit, test: { system: "http://loinc.org", code: "718-7" } });
      const { observation } = await lab.enterResult(caller, { order, finding: { text: "clear" } });
      for (const reason of ["mixed up", "mixed up"]) {
        expect((await lab.correctResult(caller, { observation, finding: { text: "cloudy" }, reason })).reports).toHaveLength(1);
      }
      const medication = { system: "urn:rx", code: "1" };
      await pharmacy.receive(caller, { medication, quantity: 9 });
      const { prescription } = await pharmacy.prescribe(caller, { patient, medication, quantity: 9, dosage: "1 a day" });
      const { dispense } = await pharmacy.dispense(caller, { prescription, quantity: 3 });
      await pharmacy.return(caller, { dispense, quantity: 1 });
      const second = await pharmacy.dispense(caller, { prescription, quantity: 3 });
      await pharmacy.void(caller, { dispense: second.dispense, reason: "never handed out" });
      const given = await pharmacy.administer(caller, { prescription, outcome: "given", override: "no scanner" });
      await pharmacy.cancelAdministration(caller, { administration: given.administration, reason: "not given" });
      await billing.charge(caller, { encounter: visit, text: "A night", cents: 5_000, currency: "EUR" });
      await visits.close(caller, { visit });
      const { invoice } = await billing.invoice(caller, { encounter: visit });
      await billing.cancelInvoice(caller, { invoice, reason: "wrong address" });
    });
  },
  "reasons:on",
);

describe("by default", () => {
  it("FHIR accepts a correction without a reason, and lists no such rule", async () => {
    const mesh = await startMesh({ services: ["api", "transactions", "patients", "records", "lab"], nats: false, split: "broker" });
    try {
      const fhir = fhirAt(mesh.base);
      await fhir.send("PUT", "/Patient/p", { resourceType: "Patient", id: "p" });
      const { body } = await fhir.create({ resourceType: "DiagnosticReport", status: "final", code, subject: { reference: "Patient/p" } });
      expect((await fhir.send("PUT", `/DiagnosticReport/${body.id}`, { ...body, status: "entered-in-error" })).status).toBe(200);
      expect((await fhir.get("/metadata")).text).not.toContain("diagnostic-report-reason");
    } finally {
      await mesh.stop();
    }
  });
});
