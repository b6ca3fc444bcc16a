/** The server for which an app was started (SMART App Launch 2.2, `aud`). */
import { type Client, errors, type KoaContextWithOIDC } from "oidc-provider";
import { ResourceServer } from "./resource-server.ts";

describe("the scopes of an app", () => {
  const granted = (params: object) => {
    const client = { allowed_scope: "launch launch/patient launch/encounter patient/*.rs" } as unknown as Client;
    const ctx = { oidc: { params, entities: {} } } as unknown as KoaContextWithOIDC;
    return new ResourceServer("https://ehr.example", "key", errors).info(ctx, "https://ehr.example", client).scope;
  };
  const scope = "launch/patient launch/encounter patient/Patient.rs";

  it("have an encounter only if the EHR has started it: nobody picks one", () => {
    expect(granted({ scope, launch: "of-the-ehr" })).toBe(scope);
    expect(granted({ scope })).toBe("launch/patient patient/Patient.rs");
  });
});

describe("an app", () => {
  const started = (aud: string, audience: string) => () => new ResourceServer(audience, "key", errors).requireAudience(undefined, aud);

  it.each([
    ["https://ehr.example/fhir", "https://ehr.example"],
    ["https://ehr.example/fhir/", "https://ehr.example"],
    ["HTTPS://EHR.example:443/fhir", "https://ehr.example"],
    ["https://ehr.example", "https://ehr.example"],
    ["http://localhost:3000/fhir", "http://127.0.0.1:3000"],
    ["http://[::1]:3000/fhir", "http://127.0.0.1:3000"],
  ])("may be started for %s, which is %s", (aud, audience) => expect(started(aud, audience)).not.toThrow());

  it.each([
    ["https://evil.example/fhir", "https://ehr.example"],
    ["https://ehr.example:8443/fhir", "https://ehr.example"],
    ["http://ehr.example/fhir", "https://ehr.example"],
    ["https://ehr.example/other", "https://ehr.example"],
    ["https://ehr.example/fhir?x", "https://ehr.example"],
    ["https://ehr.example@evil.example/fhir", "https://ehr.example"],
    ["https://user@ehr.example/fhir", "https://ehr.example"],
    ["http://localhost:3001/fhir", "http://127.0.0.1:3000"],
    ["http://localhost:3000/fhir", "https://ehr.example"],
    ["http://localhost.example:3000/fhir", "http://127.0.0.1:3000"],
    ["fhir", "https://ehr.example"],
    ["", "https://ehr.example"],
  ])("may not be started for %s, which is not %s", (aud, audience) => expect(started(aud, audience)).toThrow("invalid_request"));
});
