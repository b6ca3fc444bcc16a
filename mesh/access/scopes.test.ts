import { readScopes, scopeFor } from "./scopes.ts";

const reach = (scopes: string, type: string, interaction: "c" | "r" | "u" | "d" | "s") =>
  told(scopeFor(readScopes(scopes), type, interaction));
const told = (reach: ReturnType<typeof scopeFor>): string =>
  reach === "all" ? reach : reach.map(({ isOfPatient, where = "" }) => (isOfPatient ? "patient" : "") + where).join(" or ") || "none";

describe("the scopes of an app", () => {
  it.each([
    ["user/Patient.rs", "Patient", "r", "all"],
    ["user/Patient.rs", "Patient", "u", "none"],
    ["user/Patient.rs", "Observation", "r", "none"],
    ["system/*.cruds", "Observation", "d", "all"],
    ["patient/Observation.rs", "Observation", "s", "patient"],
    ["patient/*.rs user/Observation.s", "Observation", "s", "all"],
    ["patient/*.rs user/Observation.s", "Observation", "r", "patient"],
    ["patient/*.rs", "Practitioner", "r", "all"], // who has treated the patient
    ["patient/Medication.rs", "Medication", "s", "all"],
    ["patient/*.cruds", "Practitioner", "u", "patient"],
    ["patient/Patient.rs", "Practitioner", "r", "none"],
    ["patient/Location.rs?status=active", "Location", "s", "status=active"],
    ["patient/*.rs", "Task", "r", "patient"],
    ["user/Patient.read", "Patient", "s", "all"],
    ["user/Patient.write", "Patient", "d", "all"],
    ["user/Patient.write", "Patient", "r", "none"],
    ["user/Patient.*", "Patient", "c", "all"],
    ["user/Patient.sr", "Patient", "r", "none"], // letters have an order
    ["user/Patient.rs?gender=female", "Patient", "r", "gender=female"],
    ["patient/Observation.rs?category=laboratory patient/Observation.r", "Observation", "r", "patientcategory=laboratory or patient"],
    ["user/*.rs user/Patient.rs?gender=female", "Patient", "r", "all"],
    ["user/patient.rs", "Patient", "r", "none"],
    ["openid actions launch", "Patient", "r", "none"],
    ["", "Patient", "r", "none"],
  ] as const)("%s: %s, %s: %s", (scopes, type, interaction, expected) => {
    expect(reach(scopes, type, interaction)).toBe(expected);
  });

  it("permit actions of the domain only if they name them", () => {
    expect(readScopes("openid actions").hasActions).toBe(true);
    expect(readScopes("user/*.cruds openid").hasActions).toBe(false);
    expect(readScopes("user/*.cruds actions").hasActions).toBe(true);
  });

  it.each(["patient/*.cruds actions", "actions user/Practitioner.rs patient/Patient.r", "patient/Observation.rs?code=1 actions"])(
    "do not permit actions, which work on all patients, to an app of one patient's record (%s)",
    (scopes) => {
      expect(readScopes(scopes).hasActions).toBe(false);
    },
  );

  it("bind an app to one patient's record only by scopes of it", () => {
    expect(readScopes("launch/patient user/*.cruds actions").hasActions).toBe(true);
  });
});
