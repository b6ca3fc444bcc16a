/** A table of rules: each row is tried through every API, the refused change beside one that is allowed. */
import { RULE_NAMES } from "../../mesh/rule-names.ts";
import { DOORS, freshIdentifier, type StoredJson } from "./doors.ts";
import { type FhirHttp, fhirAt } from "./fhir-http.ts";
import { type Mesh, startMesh } from "./mesh.ts";

type Json = Record<string, unknown> & { resourceType: string };
type Made<Of> = Of | (() => Of | Promise<Of>);

interface Expected {
  status: number;
  /** FHIRPath in the OperationOutcome. */
  expression?: string;
}

/** A change that is refused, and one that is not. */
interface ChangeRow {
  stored: Made<object>;
  /** Called before the change; its effects are stored by then. */
  under?(stored: StoredJson): Promise<unknown>;
  change(stored: StoredJson): object;
  instead(stored: StoredJson): object;
  as: Expected;
}

/** A new resource that is refused, and one that is not. */
interface CreateRow {
  create(): object | Promise<object>;
  insteadOf(): object | Promise<object>;
  as: Expected;
}

/** A deletion that is refused; after `allow` it is allowed. */
interface RemoveRow {
  remove: Made<object>;
  /** Called before the deletion. */
  under?(stored: StoredJson): Promise<unknown>;
  allow?(stored: StoredJson): Promise<unknown>;
  as: Expected;
}

export interface Table {
  mesh: Mesh;
  fhir: FhirHttp;
  patient: { reference: string };
  other: { reference: string };
  dead: { reference: string };
  replaced: { reference: string };
  /** Stores a resource that no rule refuses; returns its reference. */
  stored(resource: object): Promise<{ reference: string }>;
  /** One test. @param rule its id @param what is refused, as the end of a sentence */
  refuses(rule: string, what: string, row: ChangeRow | CreateRow | RemoveRow): void;
}

/**
 * @param services that the table needs besides those of every hospital
 * @param RULES the setting; absent: the default
 */
export function rulesTable(name: string, services: string[], rows: (at: Table) => void, RULES?: string): void {
  describe(`The rules of ${name}`, () => {
    const at = {} as Table;
    const reference = (id: string) => ({ reference: `Patient/${id}` });
    Object.assign(at, { patient: reference("alive"), other: reference("other"), dead: reference("dead"), replaced: reference("old") });
    beforeAll(async () => {
      const all = ["api", "transactions", "patients", "records", ...services];
      at.mesh = await startMesh({ services: all, nats: false, split: "broker", ...(RULES !== undefined && { env: { RULES } }) });
      at.fhir = fhirAt(at.mesh.base);
      const put = (id: string, more: object = {}) => at.fhir.send("PUT", `/Patient/${id}`, { resourceType: "Patient", id, ...more });
      await Promise.all([put("alive"), put("other")]);
      await put("dead", { deceasedBoolean: true });
      await put("old", { link: [{ type: "replaced-by", other: at.patient }] });
    });
    afterAll(() => at.mesh?.stop());

    at.stored = async (resource) => {
      const { status, body, text } = await at.fhir.create(resource);
      if (status !== 201) throw new Error(`${status} ${text}`);
      return { reference: `${body.resourceType}/${body.id}` };
    };
    const storedWhole = async (made: Made<object>): Promise<StoredJson> => {
      const { reference: place } = await at.stored(identified((typeof made === "function" ? await made() : made) as Json));
      return (await at.fhir.get(`/${place}`)).body;
    };
    at.refuses = (rule, what, row) => {
      if (!RULE_NAMES.includes(rule)) throw new Error(`There is no rule ${rule}.`);
      it.each(DOORS.filter((door) => ("change" in row ? door.change : "create" in row ? door.create : door.remove)))(
        `refuse by $name (${rule}) ${what}`,
        async (door) => {
          if ("change" in row) {
            let before = await storedWhole(row.stored);
            await row.under?.(before);
            before = (await at.fhir.get(`/${before.resourceType}/${before.id}`)).body;
            expect(await door.change?.(at.fhir, before, row.change(before) as StoredJson)).toEqual(refusedBy(rule, row.as));
            expect((await at.fhir.get(`/${before.resourceType}/${before.id}`)).body.meta.versionId).toBe(
              (before.meta as { versionId: string }).versionId,
            );
            expect(await door.change?.(at.fhir, before, row.instead(before) as StoredJson)).toMatchObject({ status: 200 });
          } else if ("create" in row) {
            expect(await door.create?.(at.fhir, identified((await row.create()) as Json))).toEqual(refusedBy(rule, row.as));
            const answer = await door.create?.(at.fhir, identified((await row.insteadOf()) as Json));
            expect([200, 201]).toContain(answer?.status);
          } else {
            const stored = await storedWhole(row.remove);
            await row.under?.(stored);
            expect(await door.remove?.(at.fhir, stored)).toEqual(refusedBy(rule, row.as));
            if (!row.allow) return;
            await row.allow(stored);
            expect([200, 204]).toContain((await door.remove?.(at.fhir, stored))?.status);
          }
        },
      );
    };
    rows(at);
  });
}

const identified = (resource: Json): Json => {
  const identifier = resource.resourceType === "Composition" ? freshIdentifier() : [freshIdentifier()]; // at most one in R4
  return { identifier, ...resource };
};

/** In a bundle the expression starts at its entry. */
function refusedBy(rule: string, { status, expression }: Expected) {
  // Some rules have an error type of their own; that of another rule is not accepted.
  const code = expect.stringMatching(new RegExp(`^(?:RULE_${rule.toUpperCase().replaceAll("-", "_")}$|(?!RULE_))`));
  const issue = {
    severity: "error",
    details: { coding: expect.arrayContaining([expect.objectContaining({ code })]) },
    ...(expression && { expression: [expect.stringMatching(new RegExp(`${tailOf(expression)}$`))] }),
  };
  return expect.objectContaining({ status, body: expect.objectContaining({ issue: [expect.objectContaining(issue)] }) });
}

const tailOf = (expression: string): string => expression.slice(expression.indexOf(".")).replaceAll(/[.[\]]/g, "\\$&");
