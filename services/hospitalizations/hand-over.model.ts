import type { Communication, Encounter } from "../../fhir/r4.ts";

// Hand-over notes at the end of a shift: plain data in, plain data out.

/** The Communication of a note. @param note.sender its author, "Practitioner/…" */
export function handOverNote(
  { id, subject }: Encounter & { id: string },
  note: { text: string; sender?: string },
  now: Date,
): Communication {
  return {
    resourceType: "Communication",
    status: "completed",
    category: [{ coding: [{ system: "urn:openward:communication-category", code: "hand-over" }], text: "Hand-over" }],
    ...(subject && { subject }),
    encounter: { reference: `Encounter/${id}` },
    sent: now.toISOString(),
    ...(note.sender !== undefined && { sender: { reference: note.sender } }),
    payload: [{ contentString: note.text }],
  };
}
