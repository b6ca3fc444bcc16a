/** Where admitted patients lie: who brings or collects something goes there, and who calls, calls there. */
import { OPEN_STATUSES } from "../../../../fhir/open-encounters.ts";
import type { Encounter, Location } from "../../../../fhir/r4.ts";
import { Refused, search } from "./api.ts";
import { offers } from "./menu.ts";

/** Classes of stays (HL7 v3-ActCode). */
const CLASSES = "IMP,ACUTE,NONAC,OBSENC,SS";
/** Patients of one search. */
const MAX_ASKED = 200;

/** The bed, or the ward of a patient who has none yet; "Location/…". */
export const presentPlaceOf = ({ location = [] }: Encounter): string | undefined =>
  location.find(({ status }) => status === "active")?.location.reference;

async function ofSome(patients: string[]): Promise<[string, string][]> {
  const query = { subject: patients.join(), class: CLASSES, status: OPEN_STATUSES.join(), _count: `${MAX_ASKED}` };
  const { resources, included } = await search<Encounter>("Encounter", { ...query, _include: "Encounter:location" });
  const names = new Map(included.map((one) => [`Location/${one.id}`, (one as Location).name ?? ""]));
  return resources.flatMap((stay): [string, string][] => {
    const name = names.get(presentPlaceOf(stay) ?? "");
    return name ? [[stay.subject?.reference ?? "", name]] : [];
  });
}

/** The names of the places of those who are admitted, by patient, "Patient/…"; without those that are not known at the moment. */
export async function whereaboutsOf(patients: (string | undefined)[]): Promise<Map<string, string>> {
  const asked = offers("see Encounter") ? [...new Set(patients)].filter((one): one is string => one !== undefined) : [];
  const parts = Array.from({ length: Math.ceil(asked.length / MAX_ASKED) }, (_, at) => asked.slice(at * MAX_ASKED, (at + 1) * MAX_ASKED));
  const found = await Promise.all(
    parts.map((some) =>
      ofSome(some).catch((error: unknown): [string, string][] => {
        if (error instanceof Refused) return [];
        throw error;
      }),
    ),
  );
  return new Map(found.flat());
}
