/** A mesh in this process and a client of its FHIR API, for the tests of one `describe`. */
import { type FhirHttp, fhirAt } from "./fhir-http.ts";
import { type Mesh, type MeshOptions, startMesh } from "./mesh.ts";

/** Available from the first test to the last. */
export interface FhirMesh {
  mesh: Mesh;
  fhir: FhirHttp;
}

/** Inside a `describe`: nodes of these services, in this process and without NATS, and an anonymous FHIR client. */
export function fhirMesh(services: string[], options: Partial<MeshOptions> = {}): FhirMesh {
  const at = {} as FhirMesh;
  beforeAll(async () => {
    at.mesh = await startMesh({ services, nats: false, split: "broker", ...options });
    at.fhir = fhirAt(at.mesh.base);
  });
  afterAll(() => at.mesh?.stop());
  return at;
}
