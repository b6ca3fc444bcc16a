/** A hospital for tests over HTTP: the services of a patient's care, some of whose types have two owners. */
import { type FhirHttp, fhirAt } from "./fhir-http.ts";
import { type Mesh, startMesh } from "./mesh.ts";

/** Available once the tests run. */
export interface Hospital {
  mesh: Mesh;
  fhir: FhirHttp;
}

/** A patient with few data. */
export const rossi = { resourceType: "Patient", name: [{ family: "Rossi", given: ["Ada"] }], gender: "female" };

/** Inside a `describe`: one hospital for all its tests, gateway and services as one node. @param env further settings of it */
export function hospital(env: Record<string, string> = {}): Hospital {
  const it = {} as Hospital;
  beforeAll(async () => {
    it.mesh = await startMesh({
      services: ["api", "transactions", "patients", "visits", "hospitalizations", "lab", "records"],
      nats: false,
      split: "broker",
      env,
    });
    it.fhir = fhirAt(it.mesh.base);
  });
  afterAll(() => it.mesh?.stop());
  return it;
}
