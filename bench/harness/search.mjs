/** The workload `search`. */
import { expect, matchesOf, measure, send, tally, virtualUsers } from "./client.mjs";
import { mostFrequent, readBundles, resourcesOf } from "./data.mjs";

/**
 * A fixed mix of nine searches over what `import` has stored, at least twice, so that the search by birth date has three full pages. How many
 * matches are right is counted from the records.
 */
export async function search(deadline) {
  const subjects = await storedSubjects();
  const conditionCodes = mostFrequent(
    subjects.flatMap((it) => it.conditionCodes),
    20,
  );
  return {
    result: { patients: subjects.length },
    start: () =>
      virtualUsers(async (user) => {
        for (let round = user * 7; !deadline.passed(); round += 1) {
          for (const [index, query] of MIX.entries()) {
            if (deadline.passed()) return;
            await query(subjects[(round + index * 11) % subjects.length], { subjects, conditionCodes, deadline, round });
          }
        }
      }),
  };
}

/** The matches of a page, which are counted. */
function found(bundle) {
  tally.resources += bundle.entry?.length ?? 0;
  return matchesOf(bundle);
}

const count = (list, wanted) => expect(list.length === wanted, `${list.length} matches instead of ${wanted}`);

const patientsByName = (it, { subjects }) =>
  measure("Patient by name", { path: `/Patient?name=${encodeURIComponent(it.family)}&_count=20` }, (bundle) => {
    const list = found(bundle);
    const atLeast = Math.min(20, subjects.filter((other) => other.family === it.family).length);
    expect(
      list.length >= atLeast && list.every((patient) => JSON.stringify(patient.name).includes(it.family)),
      `${list.length} matches instead of ${atLeast} or more, or of another name`,
    );
  });

const observationsByCode = (it) =>
  measure(
    "Observation by patient and code",
    { path: `/Observation?patient=Patient/${it.id}&code=http://loinc.org%7C${it.code}&_count=100` },
    (bundle) => count(found(bundle), Math.min(100, it.observationsOfCode)),
  );

const observationsByDate = (it) =>
  measure("Observation by date", { path: `/Observation?date=ge${it.since}&_count=50` }, (bundle) => {
    const list = found(bundle);
    count(list, 50);
    expect(
      list.every((observation) => (observation.effectiveDateTime ?? it.since) >= it.since),
      "an earlier one among them",
    );
  });

const encountersNewestFirst = (it) =>
  measure("Encounter by patient, newest first", { path: `/Encounter?patient=Patient/${it.id}&_sort=-date&_count=50` }, (bundle) => {
    const starts = found(bundle).map((encounter) => Date.parse(encounter.period.start));
    count(starts, Math.min(50, it.encounters));
    expect(
      starts.every((start, index) => index === 0 || start <= starts[index - 1]),
      "not sorted",
    );
  });

const conditionsByCode = (_, { subjects, conditionCodes, round }) => {
  const code = conditionCodes[round % conditionCodes.length];
  return measure("Condition by code", { path: `/Condition?code=http://snomed.info/sct%7C${code}&_count=50` }, (bundle) => {
    const list = found(bundle);
    const atLeast = Math.min(50, subjects.flatMap((other) => other.conditionCodes).filter((other) => other === code).length);
    expect(
      list.length >= atLeast && list.every((condition) => condition.code.coding.some((coding) => coding.code === code)),
      `${list.length} matches instead of ${atLeast} or more, or of another code`,
    );
  });
};

/** Three pages. */
async function patientsByBirthDate(_, { subjects, deadline }) {
  const bornBefore1970 = subjects.filter((it) => it.patient.birthDate < "1970").length;
  const seen = new Set();
  let path = "/Patient?birthdate=lt1970&_count=20";
  for (const page of [0, 1, 2]) {
    const atLeast = Math.min(20, Math.max(0, bornBefore1970 - 20 * page));
    const next = await measure(page === 0 ? "Patient by birth date" : "Patient by birth date, next page", { path }, (bundle) => {
      const list = found(bundle);
      expect(list.length >= atLeast && list.length <= 20, `${list.length} matches, page ${page + 1}`);
      expect(
        list.every((patient) => patient.birthDate < "1970" && !seen.has(patient.id)),
        "born later, or seen on an earlier page",
      );
      for (const { id } of list) seen.add(id);
      return bundle.link.find((link) => link.relation === "next")?.url ?? "";
    });
    if (!next || deadline.passed()) return;
    path = next;
  }
}

const observationsWithEncounter = (it) =>
  measure(
    "Observation with its Encounter (_include)",
    { path: `/Observation?patient=Patient/${it.id}&code=http://loinc.org%7C${it.code}&_include=Observation:encounter&_count=20` },
    (bundle) => {
      const list = found(bundle);
      count(list, Math.min(20, it.observationsOfCode));
      const included = new Set(bundle.entry.map((entry) => `${entry.resource.resourceType}/${entry.resource.id}`));
      expect(
        list.every((observation) => included.has(observation.encounter.reference)),
        "an Encounter is missing",
      );
    },
  );

const patientWithConditions = (it) =>
  measure("Patient with Conditions (_revinclude)", { path: `/Patient?_id=${it.id}&_revinclude=Condition:patient` }, (bundle) => {
    count(found(bundle), 1);
    count(
      bundle.entry.filter((entry) => entry.resource.resourceType === "Condition"),
      it.conditionCodes.length,
    );
  });

const observationsCounted = (it) =>
  measure("Observations of a patient, count only", { path: `/Observation?patient=Patient/${it.id}&_summary=count` }, (bundle) =>
    expect(bundle.total === it.observations, `total ${bundle.total} instead of ${it.observations}`),
  );

const MIX = [
  patientsByName,
  observationsByCode,
  observationsByDate,
  encountersNewestFirst,
  conditionsByCode,
  patientsByBirthDate,
  observationsWithEncounter,
  patientWithConditions,
  observationsCounted,
];

/** For each patient of the data folder: one stored copy, and how many matches the searches about it must find. */
async function storedSubjects() {
  const subjects = [];
  for (const bundle of readBundles().map((text) => JSON.parse(text))) {
    const all = resourcesOf(bundle);
    const ofType = (type) => all.filter((resource) => resource.resourceType === type);
    const [patient] = ofType("Patient");
    const { system, value } = patient.identifier[0];
    const answer = await send("GET", `/Patient?identifier=${encodeURIComponent(`${system}|${value}`)}`);
    expect(answer.status === 200, `setup: search by identifier: ${answer.status} ${answer.text.slice(0, 300)}`);
    const stored = matchesOf(JSON.parse(answer.text))[0];
    if (!stored) continue;
    const observations = ofType("Observation");
    const codes = observations.map((it) => it.code.coding[0].code);
    const [code] = mostFrequent(codes, 1);
    subjects.push({
      patient,
      id: stored.id,
      code,
      family: patient.name[0].family,
      observations: observations.length,
      observationsOfCode: codes.filter((it) => it === code).length,
      since: observations.map((it) => it.effectiveDateTime.slice(0, 10)).sort()[observations.length >> 1],
      encounters: ofType("Encounter").length,
      conditionCodes: ofType("Condition").map((it) => it.code.coding[0].code),
    });
  }
  expect(subjects.length > 0, "setup: no patient of the data folder is stored; run --what import first");
  return subjects;
}
