import { narrowed, needsPatient, scopesIn } from "./granted-scopes.ts";

describe("SMART scopes", () => {
  it.each([
    ["patient/*.read", "patient/*.rs"],
    ["user/Observation.write", "user/Observation.cud"],
    ["system/*.*", "system/*.cruds"],
    ["patient/Observation.rs?category=laboratory", "patient/Observation.rs?category=laboratory"],
    ["launch/patient openid launch/patient", "launch/patient openid"],
    ["user/*.rs?_security=R user/*.rs?code=1", "user/*.rs?_security=R"],
    // What owners cannot decide by one resource, or what means nothing there, is not granted.
    ["user/Observation.rs?subject:Patient.name=x user/Observation.rs?_has:Group:member:_id=1 user/Observation.rs?_content=x", ""],
    [
      "user/Observation.rs?subject=1 user/Observation.rs?_lastUpdated=gt2026 user/Observation.rs?_count=1 user/Observation.rs?colour=red",
      "",
    ],
    ["user/Nothing.rs patient/observation.rs user/Observations.rs user/Observation.rs", "user/Observation.rs"],
    ["patient/Observation.sr user/.r admin/*.r patient/*. https://x", ""],
  ])("%s becomes %s", (text, scopes) => expect(scopesIn(text).join(" ")).toBe(scopes));

  it.each([
    ["user/*.cruds", "user/Observation.rs", "user/Observation.rs"],
    ["user/Observation.rs", "user/*.r", "user/Observation.r"],
    ["user/Observation.cud", "user/Observation.rs", ""],
    ["user/Observation.rs", "patient/Observation.rs", ""],
    ["user/Observation.rs?status=final", "user/Observation.rs", "user/Observation.rs?status=final"],
    ["user/Observation.rs", "user/Observation.rs?status=final", "user/Observation.rs?status=final"],
    ["user/Observation.rs?status=final", "user/Observation.rs?category=laboratory", "user/Observation.rs?status=final&category=laboratory"],
    ["openid launch", "openid", "openid"],
    ["patient/*.rs actions", "patient/*.rs user/*.rs actions", "patient/*.rs"],
    ["user/*.rs launch/patient actions", "patient/*.rs user/*.rs launch/patient actions", "user/*.rs launch/patient actions"],
  ])("%s within %s is %j", (asked, allowed, scopes) => {
    expect(narrowed(scopesIn(asked), scopesIn(allowed)).join(" ")).toBe(scopes);
  });

  it("of one patient require a patient", () => {
    expect(needsPatient(["openid", "patient/Observation.rs"])).toBe(true);
    expect(needsPatient(["openid", "user/Observation.rs", "launch"])).toBe(false);
  });
});
