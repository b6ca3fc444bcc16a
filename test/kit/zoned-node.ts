/** A process that queries a mesh of its own for whatever depends on times, and prints the answers: for a test that sets its time zone. */
import { fhirAt } from "./fhir-http.ts";
import { startMesh } from "./mesh.ts";

/** Around midnight, and where Newfoundland's clocks skip an hour. */
const TIMES = [
  "2026",
  "2026-03",
  "2026-03-08",
  "2026-03-08T02:30:00Z",
  "2026-03-08T02:30:00-02:30",
  "2026-03-08T23:59:59.999-12:00",
  "2026-03-09T00:00:00+14:00",
  "2026-03-07T23:30:00Z",
  "2026-12-31T23:30:00-03:30",
  "2027-01-01T00:30:00Z",
];

/** Rules that R4's own compiler leaves to the FHIRPath library: `repeat` is none of its functions. */
const RULES = [
  "repeat($this).effective.exists() and (effective < @2026-03-08T02:30:00)",
  "repeat($this).effective.exists() and (effective <= @2026-03-08)",
  "repeat($this).effective.exists() and (effective ~ @2026-03-08T02:30:00)",
  "repeat($this).effective.exists() and (effective.toString().substring(0, 10) = (effective + 1 day - 1 day).toString().substring(0, 10))",
];

const url = (index: number) => `http://example.org/StructureDefinition/rule-${index}`;
const profile = (expression: string, index: number) => ({
  resourceType: "StructureDefinition",
  url: url(index),
  name: `Rule${index}`,
  status: "active",
  kind: "resource",
  abstract: false,
  type: "Observation",
  baseDefinition: "http://hl7.org/fhir/StructureDefinition/Observation",
  derivation: "constraint",
  differential: {
    element: [
      { id: "Observation", path: "Observation", constraint: [{ key: "time-1", severity: "error", human: "In time.", expression }] },
    ],
  },
});

const observation = (more: object) => ({ resourceType: "Observation", status: "final", code: { text: "weight" }, ...more });

const mesh = await startMesh({ services: ["api", "transactions", "records", "codification"], nats: false, split: "broker" });
const fhir = fhirAt(mesh.base);
const told: Record<string, unknown> = {};
try {
  for (const [index, effectiveDateTime] of TIMES.entries()) {
    const { status, text } = await fhir.send("PUT", `/Observation/o${index}`, observation({ id: `o${index}`, effectiveDateTime }));
    if (status !== 201) throw new Error(text);
  }
  const idsOf = async (path: string) => (await fhir.all(path)).resources.map(({ id }) => id);
  for (const prefix of ["", "ne", "lt", "le", "gt", "ge", "sa", "eb"]) {
    for (const time of [...TIMES, "2026-03-08T02:30", "2026-03-08T02:30:00"]) {
      told[`date=${prefix}${time}`] = await idsOf(`/Observation?date=${prefix}${encodeURIComponent(time)}`);
    }
  }
  told.sorted = await idsOf("/Observation?_sort=-date");

  // R4's own rule per-1, and rules of profiles.
  for (const start of TIMES) {
    for (const end of TIMES) {
      const { body } = await fhir.send("POST", "/Observation/$validate", observation({ effectivePeriod: { start, end } }));
      told[`from ${start} to ${end}`] = body.issue.map(({ severity }: { severity: string }) => severity);
    }
  }
  for (const [index, expression] of RULES.entries()) {
    await fhir.create(profile(expression, index));
    for (const effectiveDateTime of TIMES) {
      const { body } = await fhir.send("POST", `/Observation/$validate?profile=${url(index)}`, observation({ effectiveDateTime }));
      told[`${expression} at ${effectiveDateTime}`] = body.issue.map(({ severity }: { severity: string }) => severity);
    }
  }

  // A FHIRPath Patch that selects by a time.
  for (const [index] of TIMES.entries()) {
    const patch = {
      resourceType: "Parameters",
      parameter: [
        {
          name: "operation",
          part: [
            { name: "type", valueCode: "replace" },
            { name: "path", valueString: "Observation.where(effective < @2026-03-08T02:30:00).status" },
            { name: "value", valueCode: "amended" },
          ],
        },
      ],
    };
    told[`patched o${index}`] = (await fhir.send("PATCH", `/Observation/o${index}`, patch)).status;
  }
} finally {
  await mesh.stop();
}
console.log(JSON.stringify(told));
