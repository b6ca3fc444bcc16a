/** A hospital with 300 beds, for measurements: each patient has a bed, an allergy, an order and a flag. */
import type { Client } from "./kit.ts";

/** Rooms of a ward, and beds of a room. */
export const [ROOMS, BEDS] = [15, ["A", "B"]];
const WARDS = 10;

/** Creates the wards. @returns all beds, "Location/…" */
export async function openWards(api: Client): Promise<string[]> {
  const beds: string[] = [];
  for (let ward = 0; ward < WARDS; ward += 1) {
    const rooms = Array.from({ length: ROOMS }, (_, room) => ({ name: `room ${room + 1}`, beds: BEDS }));
    const opened = JSON.parse(await api.send("/wards/open", "POST", JSON.stringify({ name: `Ward ${ward + 1}`, rooms }))) as {
      rooms: { beds: { location: string }[] }[];
    };
    beds.push(...opened.rooms.flatMap((room) => room.beds.map(({ location }) => location)));
  }
  return beds;
}

/** A transaction that admits a patient to each of these beds. @param from number of the first patient */
export function admissions(beds: string[], from: number): object {
  const start = new Date(Date.now() - 86_400_000).toISOString();
  const entry = beds.flatMap((bed, index) => {
    const [patient, stay] = [`urn:uuid:${crypto.randomUUID()}`, `urn:uuid:${crypto.randomUUID()}`];
    const subject = { reference: patient };
    const active = { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] };
    const isolation = { coding: [{ system: "http://snomed.info/sct", code: "40174006" }], text: "Contact" };
    const name = [{ use: "official", family: `Benali ${from + index}`, given: ["Amina"] }];
    const place = { location: { reference: bed }, status: "active", period: { start } };
    const resources = [
      { fullUrl: patient, resource: { resourceType: "Patient", name, gender: "female", birthDate: "1960-01-01" } },
      {
        fullUrl: stay,
        resource: {
          resourceType: "Encounter",
          status: "in-progress",
          class: { system: "http://terminology.hl7.org/CodeSystem/v3-ActCode", code: "IMP" },
          subject,
          period: { start },
          location: [place],
          reasonCode: [{ text: "Cholecystitis" }],
        },
      },
      { resource: { resourceType: "AllergyIntolerance", patient: subject, code: { text: "Penicillin" }, clinicalStatus: active } },
      { resource: { resourceType: "Flag", status: "active", subject, code: isolation } },
      { resource: { resourceType: "ServiceRequest", status: "active", intent: "order", subject, encounter: { reference: stay } } },
    ];
    return resources.map((it) => ({ ...it, request: { method: "POST", url: it.resource.resourceType } }));
  });
  return { resourceType: "Bundle", type: "transaction", entry };
}
