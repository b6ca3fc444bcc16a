/** Who lies where in a ward, in the order of its rooms, as a list. */
import type { Patient, Practitioner } from "../../../../../fhir/r4.ts";
import type { BoardStay, BoardWard } from "../../../../wards/board.contract.ts";
import { readAll } from "../../platform/api.ts";
import { joined, t } from "../../platform/texts.ts";

/** A taken bed, or a patient without one. */
export interface WardPatient {
  /** Of the bed, or of the stay. */
  key: string;
  /** Room and bed in words. */
  place: string;
  /** Absent: who lies there is not known, or may not be seen. */
  stay?: BoardStay;
}

/** Taken beds, then patients without a bed. */
export const wardPatientsOf = ({ rooms, withoutBed }: BoardWard): WardPatient[] => [
  ...rooms.flatMap(({ name: room, beds }) =>
    beds.flatMap(({ location: key, name, status, stay }) =>
      stay || status === "taken" || status === "unknown" ? [{ key, place: joined(room, name), ...(stay && { stay }) }] : [],
    ),
  ),
  ...withoutBed.map((stay) => ({ key: stay.stay, place: t("handOver.noBed"), stay })),
];

/** The records of patients, for their numbers, and of physicians whose names the stays do not have; by reference. */
export const recordsFor = (patients: WardPatient[]): Promise<Map<string, Patient | Practitioner>> =>
  readAll<Patient | Practitioner>(
    patients.flatMap(({ stay }) => (stay ? [stay.patient, ...(stay.physician && !stay.physicianName ? [stay.physician] : [])] : [])),
  );
