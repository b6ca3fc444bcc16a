/** Programs needed by tests only, in `.servers/` of the project. */
import { program } from "../../scripts/programs.mjs";

/** Tests an API against its OpenAPI document. */
export const schemathesis = program({
  name: "schemathesis",
  find: async () => undefined,
  path: ["bin", "schemathesis"],
  otherwise: "Python 3.11 or newer, with access to PyPI",
});

/** Caddy, the proxy of docker-compose.yml. */
export const caddy = program({
  name: "caddy",
  find: async () => undefined,
  path: ["bin", "caddy"],
  otherwise: "Python 3.11 or newer, with access to PyPI",
});

/** A Python with two FHIR clients, fhirpy and fhirclient. */
export const fhirClients = program({
  name: "fhir-clients",
  find: async () => undefined,
  path: ["bin", "python3"],
  otherwise: "Python 3.11 or newer (https://www.python.org/downloads)",
});
